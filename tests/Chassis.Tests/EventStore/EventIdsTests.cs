using Checkout.Chassis.EventStore;
using CsCheck;
using Xunit;

namespace Checkout.Chassis.Tests.EventStore;

public sealed class EventIdsTests
{
    private static readonly Gen<string> Short = Gen.String[Gen.Char["ab"], 1, 4];
    private static readonly Gen<(Guid Cause, string Reaction, int Ordinal)> Origins =
        Gen.Select(Gen.Guid, Gen.String[Gen.Char.AlphaNumeric, 1, 20], Gen.Int[0, 5]);

    [Fact]
    public void The_same_cause_reaction_and_ordinal_give_the_same_id() => Origins.Sample(o =>
        EventIds.Following(o.Cause, o.Reaction, o.Ordinal) == EventIds.Following(o.Cause, o.Reaction, o.Ordinal));

    [Fact]
    public void Another_cause_reaction_or_ordinal_gives_another_id() => Gen.Select(Origins, Origins).Sample((a, b) =>
        a == b || EventIds.Following(a.Cause, a.Reaction, a.Ordinal)
            != EventIds.Following(b.Cause, b.Reaction, b.Ordinal));

    [Fact]
    public void An_ordinal_or_a_reaction_alone_makes_another_id() => Origins.Sample(o =>
    {
        var id = EventIds.Following(o.Cause, o.Reaction, o.Ordinal);
        Assert.NotEqual(id, EventIds.Following(o.Cause, o.Reaction, o.Ordinal + 1));
        Assert.NotEqual(id, EventIds.Following(o.Cause, o.Reaction + "x", o.Ordinal));
    });

    [Fact]
    public void The_time_of_the_cause_is_kept_in_the_first_48_bits() => Origins.Sample(o =>
    {
        var id = EventIds.Following(o.Cause, o.Reaction, o.Ordinal);
        Assert.Equal(o.Cause.ToByteArray(bigEndian: true)[..6], id.ToByteArray(bigEndian: true)[..6]);
        Assert.Equal(8, id.Version);
    });

    [Fact]
    public void A_business_key_gives_one_id_whenever_it_is_asked_and_another_key_or_kind_another() =>
        Gen.Select(Short, Short, Short, Short).Sample((kind, key, otherKind, otherKey) =>
            (EventIds.OfBusinessKey(kind, key) == EventIds.OfBusinessKey(otherKind, otherKey))
                == ((kind, key) == (otherKind, otherKey)));
}
