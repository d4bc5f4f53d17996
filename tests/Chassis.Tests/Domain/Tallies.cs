using Avro.Specific;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.Resilience;
using Checkout.Chassis.State;

namespace Checkout.Chassis.Tests.Domain;

/// <summary>The rows of a service that adds numbers up by name. DDL: Domain/9001_tallies.sql.</summary>
/// <param name="isNewerCode">Whether the code is that of a later version, which counts what an older one could
/// not.</param>
public sealed class TallyRows(Rows rows, bool isNewerCode)
{
    public bool IsNewerCode => isNewerCode;

    public Table<string, Tally> Tallies { get; } = rows.Locked<string, Tally>("tallies", key: "name");

    public Table<string, Tip> Tips { get; } = rows.Hanging<string, Tip>("tips", key: "reference", rebuilt: false);
}

public sealed record Tally(long Total);

public sealed record Tip;

/// <summary>Add a number; a reference that was given before adds nothing.</summary>
public sealed record Add(string Name, long Number, string? Reference = null);

public static class Tallies
{
    /// <summary>A decision about this number throws, unless the code is a newer one.</summary>
    public const long Unlucky = 13;

    /// <summary>A decision about this number makes an event that is too large.</summary>
    public const long Huge = 1_000_000;

    public static Choreography<TallyRows> Table(string service, string topic, string chain, string facts,
        bool isNewerCode = false, bool lacksConfirm = false)
    {
        var table = new Choreography<TallyRows>(service, topic, rows => new(rows, isNewerCode))
            .On<Asked>(chain, "count", (rows, e, _) => Count(rows, new(e.Name, e.Number)), typeof(Counted))
            .OnFact<Tipped, Add>(facts, "tip", e => new(e.Name, e.Number, e.Reference), fact => fact.Reference!, Count,
                typeof(Counted))
            .Take<Add>("add", Count, typeof(Counted))
            .Tells<Counted>(e => e.Name, of: null, Counted)
            .Tells<Answered>(e => e.Name, of: null, Change.Nothing);
        return lacksConfirm ? table : table.On<Confirmed>(chain, "confirm", Confirm, typeof(Answered));
    }

    private static IReadOnlyList<ISpecificRecord> Count(TallyRows rows, Add add) => add switch
    {
        { Number: Unlucky } when !rows.IsNewerCode => throw new ArgumentException("13 is not counted."),
        { Number: Huge } => [new Counted { Name = new string('x', 1_000_000), Number = add.Number, Total = 0 }],
        { Reference: { } reference } when rows.Tips[reference] is not null => [],
        _ => Counted(rows, add),
    };

    private static List<ISpecificRecord> Counted(TallyRows rows, Add add)
    {
        if (add.Reference is { } reference) rows.Tips.Add(reference, new());
        return [new Counted { Name = add.Name, Number = add.Number,
            Total = (rows.Tallies[add.Name]?.Total ?? 0) + add.Number }];
    }

    private static void Counted(TallyRows rows, Counted e) =>
        rows.Tallies.Put(e.Name, tally => new((tally?.Total ?? 0) + e.Number));

    private static IReadOnlyList<ISpecificRecord> Confirm(TallyRows rows, Confirmed e, EventContext context) =>
        rows.Tallies[e.Name] is null
            ? throw new NotYetVisibleException($"The tally {e.Name}") : [new Answered { Name = e.Name }];
}
