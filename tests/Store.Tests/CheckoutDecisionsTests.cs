using avatarstore;
using avatarstore.store;
using Avro.Specific;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.WireFormat;
using Checkout.Fixtures;
using Checkout.Store.Checkouts;
using CsCheck;
using Xunit;

namespace Checkout.Store.Tests;

public sealed class CheckoutDecisionsTests
{
    private static readonly Guid Id = Guid.Parse("6a3f0f0e-0000-7000-8000-000000000001");
    private static readonly DateTime Posted = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);
    private static readonly CreateCheckout Create = new(Id, "c-1", "key-1", "GORILLA", Posted, TimeSpan.FromMinutes(5));

    // Heard a day after the deadline: Store never judges it.
    private static readonly EventContext Late =
        new(Guid.Parse("6a3f0f0e-0000-8000-8000-000000000002"), "avatarstore.some.Event", "some", Posted, Posted.AddDays(1));

    private static readonly ShowFunded Funded = new(Id, Late);
    private static readonly FailUnfunded Unfunded = new(Id, Reason.INSUFFICIENT_FUNDS, Late);
    private static readonly Complete Assigned = new(Id, Late);
    private static readonly FailUnassigned Unassigned = new(Id, Reason.SOLD_OUT, Late);
    private static readonly Refund Refunded = new(Id, Reason.SOLD_OUT, 500, Late);

    private static readonly CheckoutState Pending =
        new(Id, "c-1", "GORILLA", 500, CheckoutStatus.Pending, Reason: null, CreatedAt: Posted, ExpiresAt: Posted.AddMinutes(5), EndedAt: null);

    private static readonly ISpecificRecord Completion = new CheckoutCompleted { CheckoutId = Id, CustomerId = "c-1", Sku = "GORILLA", PriceCoins = 500 };
    private static readonly ISpecificRecord Refusal =
        new CheckoutFailed { CheckoutId = Id, CustomerId = "c-1", Sku = "GORILLA", Reason = Reason.INSUFFICIENT_FUNDS, RefundDue = false };
    private static readonly ISpecificRecord RefundDue =
        new CheckoutFailed { CheckoutId = Id, CustomerId = "c-1", Sku = "GORILLA", Reason = Reason.SOLD_OUT, RefundDue = true };
    private static readonly ISpecificRecord Repayment = new CheckoutRefunded { CheckoutId = Id, CustomerId = "c-1", Sku = "GORILLA", RefundedCoins = 500 };

    [Fact]
    public void A_post_fixes_the_price_and_the_deadline() => Assert.Equal(
        [EventText.Of(new CheckoutCreated { CheckoutId = Id, CustomerId = "c-1", Sku = "GORILLA", PriceCoins = 500, ExpiresAt = Posted.AddMinutes(5) })],
        EventText.Of(CheckoutDecisions.Decide(500, Id, Create)));

    [Fact]
    public void A_post_for_what_is_not_listed_creates_nothing() => Assert.Empty(CheckoutDecisions.Decide(null, null, Create));

    [Fact]
    public void A_post_whose_key_another_checkout_holds_creates_nothing() => Assert.Empty(CheckoutDecisions.Decide(500, Guid.Empty, Create));

    [Fact]
    public void The_first_answer_to_a_post_tells_the_deadline_that_every_later_one_will() => Gen.Int[0, 99].Sample(ticks =>
    {
        var created = (CheckoutCreated)CheckoutDecisions.Decide(500, Id, Create with { Now = Posted.AddTicks(ticks) })[0];
        created.EventId = Id;
        var atRest = EventCodec.Encode(created);
        var read = (CheckoutCreated)EventCodec.Decode(atRest.AsMemory(SingleObject.HeaderBytes), created.Schema, typeof(CheckoutCreated));
        Assert.Equal(read.ExpiresAt, created.ExpiresAt);
    });

    [Fact]
    public void Coins_taken_change_nothing_yet() => Then(Pending, [Funded], CheckoutStatus.Pending);

    [Fact]
    public void An_assigned_avatar_completes_even_after_the_deadline() => Then(Pending, [Assigned], CheckoutStatus.Completed, Completion);

    [Fact]
    public void Missing_funds_fail_the_checkout_with_nothing_to_refund() => Then(Pending, [Unfunded], CheckoutStatus.Failed, Refusal);

    [Fact]
    public void A_refused_assignment_fails_the_checkout_and_leaves_a_refund_due() => Then(Pending, [Unassigned], CheckoutStatus.RefundDue, RefundDue);

    [Fact]
    public void A_refund_heard_before_its_refusal_tells_both_and_the_refusal_then_nothing() =>
        Then(Pending, [Refunded, Unassigned], CheckoutStatus.Refunded, RefundDue, Repayment);

    [Fact]
    public void A_completed_story_ends_once_in_every_order() => InEveryOrder([Funded, Assigned], CheckoutStatus.Completed, Completion);

    [Fact]
    public void An_unfunded_story_ends_once_in_every_order() => InEveryOrder([Unfunded], CheckoutStatus.Failed, Refusal);

    [Fact]
    public void A_refunded_story_ends_once_in_every_order() => InEveryOrder([Funded, Unassigned, Refunded], CheckoutStatus.Refunded, RefundDue, Repayment);

    [Fact]
    public void An_answer_to_a_checkout_that_is_not_visible_yet_is_tried_again()
    {
        foreach (var heard in new HeardOf[] { Funded, Unfunded, Assigned, Unassigned, Refunded })
            Assert.Throws<NotYetVisibleException>(() => CheckoutDecisions.Decide(null, heard));
    }

    [Fact]
    public void Two_services_that_contradict_each_other_are_a_fault_and_the_end_stands()
    {
        (HeardOf First, HeardOf Then)[] contradictions =
        [
            (Assigned, Unfunded), (Assigned, Unassigned), (Assigned, Refunded),
            (Unfunded, Assigned), (Unfunded, Unassigned), (Unfunded, Refunded),
            (Unassigned, Assigned), (Unassigned, Unfunded), (Refunded, Assigned), (Refunded, Unfunded),
        ];
        foreach (var (first, then) in contradictions)
        {
            var (ended, _) = Hear(Pending, [first]);
            Assert.Throws<InvalidOperationException>(() => CheckoutDecisions.Decide(ended, then));
        }
    }

    private static void InEveryOrder(HeardOf[] story, CheckoutStatus end, params ISpecificRecord[] wanted)
    {
        // Each event twice, as if the chain let a copy through.
        foreach (var order in Permutations([.. story, .. story])) Then(Pending, order, end, wanted);
    }

    private static void Then(CheckoutState given, IReadOnlyList<HeardOf> heard, CheckoutStatus end, params ISpecificRecord[] wanted)
    {
        var (state, told) = Hear(given, heard);
        Assert.Equal(EventText.Of(wanted), EventText.Of(told));
        Assert.Equal(end, state.Status);
        Assert.Equal(end is not (CheckoutStatus.Pending or CheckoutStatus.RefundDue), state.EndedAt is not null);
    }

    private static (CheckoutState State, List<ISpecificRecord> Told) Hear(CheckoutState state, IEnumerable<HeardOf> heard)
    {
        var told = new List<ISpecificRecord>();
        foreach (var command in heard)
            foreach (var e in CheckoutDecisions.Decide(state, command))
            {
                told.Add(e);
                state = CheckoutDecisions.Evolve(state, e);
            }
        return (state, told);
    }

    private static IEnumerable<HeardOf[]> Permutations(HeardOf[] of) => of.Length <= 1
        ? [of]
        : Enumerable.Range(0, of.Length).SelectMany(first =>
            Permutations([.. of[..first], .. of[(first + 1)..]]).Select(rest => (HeardOf[])[of[first], .. rest]));
}
