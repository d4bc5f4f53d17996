using avatarstore;
using avatarstore.balance;
using avatarstore.inventory;
using avatarstore.store;
using Avro.Specific;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Resilience;
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

    // Everything is heard a day after the deadline: Store never judges it.
    private static readonly DateTime Late = Posted.AddDays(1);

    private static readonly Action<StoreRows> Unknown = _ => { };
    private static readonly Action<StoreRows> Listed = rows => rows.Packages.Add("GORILLA", new("Gorilla", 500));
    private static readonly Action<StoreRows> Pending = rows => rows.Checkouts.Add(
        Id, new("c-1", "GORILLA", 500, CheckoutStatus.Pending, null, Posted, Posted.AddMinutes(5), EndedAt: null));

    private static readonly ISpecificRecord Completion =
        new CheckoutCompleted { CheckoutId = Id, CustomerId = "c-1", Sku = "GORILLA", PriceCoins = 500 };
    private static readonly ISpecificRecord Refusal = Failed(Reason.INSUFFICIENT_FUNDS, refundDue: false);
    private static readonly ISpecificRecord RefundDue = Failed(Reason.SOLD_OUT, refundDue: true);
    private static readonly ISpecificRecord Repayment =
        new CheckoutRefunded { CheckoutId = Id, CustomerId = "c-1", Sku = "GORILLA", RefundedCoins = 500 };

    [Fact]
    public void A_post_fixes_the_price_and_the_deadline()
    {
        var created = new CheckoutCreated
        {
            CheckoutId = Id,
            CustomerId = "c-1",
            Sku = "GORILLA",
            PriceCoins = 500,
            ExpiresAt = Posted.AddMinutes(5),
            KeyHash = Create.KeyHash,
            BodyHash = Create.BodyHash,
        };
        Assert.Equal([EventText.Of(created)], EventText.Of(Told(Listed, Create)));
    }

    [Fact]
    public void A_post_for_what_is_not_listed_creates_nothing() => Assert.Empty(Told(Unknown, Create));

    [Fact]
    public void A_post_whose_key_another_checkout_holds_creates_nothing() =>
        Assert.Empty(Told(Listed + (rows => rows.Posts.Add(new("c-1", "key-1"), new("GORILLA", Guid.Empty))), Create));

    [Fact]
    public void The_first_answer_to_a_post_tells_the_deadline_that_every_later_one_will() =>
        Gen.Int[0, 99].Sample(ticks =>
        {
            var created = (CheckoutCreated)Told(Listed, Create with { Now = Posted.AddTicks(ticks) })[0];
            var atRest = EventCodec.Encode(created).AsMemory(SingleObject.HeaderBytes);
            var read = (CheckoutCreated)EventCodec.Decode(atRest, created.Schema, typeof(CheckoutCreated));
            Assert.Equal(read.ExpiresAt, created.ExpiresAt);
        });

    [Fact]
    public void Coins_taken_change_nothing_yet() => Then([Funded()], CheckoutStatus.Pending);

    [Fact]
    public void An_assigned_avatar_completes_even_after_the_deadline() =>
        Then([Assigned()], CheckoutStatus.Completed, Completion);

    [Fact]
    public void Missing_funds_fail_the_checkout_with_nothing_to_refund() =>
        Then([Unfunded()], CheckoutStatus.Failed, Refusal);

    [Fact]
    public void A_refused_assignment_fails_the_checkout_and_leaves_a_refund_due() =>
        Then([Unassigned()], CheckoutStatus.RefundDue, RefundDue);

    [Fact]
    public void A_refund_heard_before_its_refusal_tells_both_and_the_refusal_then_nothing() =>
        Then([Refunded(), Unassigned()], CheckoutStatus.Refunded, RefundDue, Repayment);

    [Fact]
    public void A_completed_story_ends_once_in_every_order() =>
        InEveryOrder([Funded, Assigned], CheckoutStatus.Completed, Completion);

    [Fact]
    public void An_unfunded_story_ends_once_in_every_order() =>
        InEveryOrder([Unfunded], CheckoutStatus.Failed, Refusal);

    [Fact]
    public void A_refunded_story_ends_once_in_every_order() =>
        InEveryOrder([Funded, Unassigned, Refunded], CheckoutStatus.Refunded, RefundDue, Repayment);

    [Fact]
    public void A_copy_that_the_chain_let_through_is_a_fault_and_tells_nothing()
    {
        foreach (var heard in new ISpecificRecord[] { Funded(), Unfunded(), Assigned(), Unassigned(), Refunded() })
        {
            var (once, twice) = (Store().Given(Pending), Store().Given(Pending));
            var (first, copy) = (twice.Heard(heard), twice.Heard(heard));
            Assert.Equal(EventText.Of(once.Run(once.Heard(heard))), EventText.Of(twice.Run(first, copy)));
            Assert.NotNull(copy.Fault);
            Assert.Equal(StateIn(once), StateIn(twice));
        }
    }

    [Fact]
    public void An_answer_to_a_checkout_that_is_not_visible_yet_is_tried_again()
    {
        var store = Store();
        foreach (var heard in new ISpecificRecord[] { Funded(), Unfunded(), Assigned(), Unassigned(), Refunded() })
            Assert.Throws<NotYetVisibleException>(() => store.Run(store.Heard(heard)));
    }

    [Fact]
    public void Two_services_that_contradict_each_other_are_a_fault_and_the_end_stands()
    {
        (Func<ISpecificRecord> First, Func<ISpecificRecord> Then)[] contradictions =
        [
            (Assigned, Unfunded), (Assigned, Unassigned), (Assigned, Refunded),
            (Unfunded, Assigned), (Unfunded, Unassigned), (Unfunded, Refunded),
            (Unassigned, Assigned), (Unassigned, Unfunded), (Refunded, Assigned), (Refunded, Unfunded),
        ];
        foreach (var (first, then) in contradictions)
        {
            var store = Store().Given(Pending);
            store.Run(store.Heard(first()));
            var ended = StateIn(store);
            var step = store.Heard(then());
            Assert.Empty(store.Run(step));
            var fault = Assert.IsType<InvalidOperationException>(step.Fault);
            Assert.Contains("contradict each other", fault.Message, StringComparison.Ordinal);
            Assert.Equal(ended, StateIn(store));
            Assert.Single(store.Memory.All(store.Rows.Observations));
        }
    }

    [Fact]
    public void What_a_newer_version_made_of_a_checkout_is_left_to_it()
    {
        foreach (var heard in new ISpecificRecord[] { Unfunded(), Assigned(), Unassigned(), Refunded() })
        {
            var store = Store().Given(Pending + (rows =>
                rows.Checkouts.Change(Id, checkout => checkout with { Status = CheckoutStatus.Unknown })));
            var step = store.Heard(heard);
            Assert.Empty(store.Run(step));
            Assert.Contains("is Unknown and heard", Assert.IsType<InvalidOperationException>(step.Fault).Message,
                StringComparison.Ordinal);
        }
    }

    private static BalanceDeducted Funded() =>
        new() { EventId = Guid.NewGuid(), OccurredAt = Posted, CheckoutId = Id };

    private static DeductionRejected Unfunded() =>
        new() { EventId = Guid.NewGuid(), OccurredAt = Posted, CheckoutId = Id, Reason = Reason.INSUFFICIENT_FUNDS };

    private static AvatarAssigned Assigned() =>
        new() { EventId = Guid.NewGuid(), OccurredAt = Posted, CheckoutId = Id };

    private static AssignmentRejected Unassigned() =>
        new() { EventId = Guid.NewGuid(), OccurredAt = Posted, CheckoutId = Id, Reason = Reason.SOLD_OUT };

    private static BalanceRefunded Refunded() => new()
    {
        EventId = Guid.NewGuid(),
        OccurredAt = Posted,
        CheckoutId = Id,
        RefundedCoins = 500,
        Reason = Reason.SOLD_OUT,
    };

    private static CheckoutFailed Failed(Reason reason, bool refundDue) =>
        new() { CheckoutId = Id, CustomerId = "c-1", Sku = "GORILLA", Reason = reason, RefundDue = refundDue };

    private static InMemory<StoreRows> Store() => new(StoreChoreography.Table, Late);

    private static CheckoutState StateIn(InMemory<StoreRows> store) => store.Memory.All(store.Rows.Checkouts)[Id];

    private static IReadOnlyList<ISpecificRecord> Told(Action<StoreRows> given, CreateCheckout post) =>
        Store().Given(given).RunAlone(StoreChoreography.Table.WorkOf(post, post.CheckoutId));

    private static void InEveryOrder(Func<ISpecificRecord>[] story, CheckoutStatus end, params ISpecificRecord[] wanted)
    {
        // Each twice, as if the other service had told it again.
        foreach (var order in Permutations([.. story, .. story]))
            Then(order.Select(heard => heard()).ToList(), end, wanted);
    }

    /// <summary>In one batch and in a batch each; and all of it goes on the timeline.</summary>
    private static void Then(IReadOnlyList<ISpecificRecord> heard, CheckoutStatus end, params ISpecificRecord[] wanted)
    {
        foreach (var size in new[] { 1, heard.Count })
        {
            var store = Store().Given(Pending);
            var steps = heard.Select(store.Heard).ToList();
            Assert.Equal(EventText.Of(wanted), EventText.Of(steps.Chunk(size).SelectMany(batch => store.Run(batch))));
            Assert.All(steps, step => Assert.Null(step.Fault));
            Assert.Equal(end, StateIn(store).Status);
            Assert.Equal(end is CheckoutStatus.Pending or CheckoutStatus.RefundDue, StateIn(store).EndedAt is null);
            var timeline = store.Memory.All(store.Rows.Observations).Values;
            Assert.Equal(
                heard.Select(e => (Id, e.Schema.Fullname, Posted)).Order(),
                timeline.Select(o => (o.CheckoutId, o.Type, o.OccurredAt)).Order());
        }
    }

    private static IEnumerable<Func<ISpecificRecord>[]> Permutations(Func<ISpecificRecord>[] of) => of.Length <= 1
        ? [of]
        : Enumerable.Range(0, of.Length).SelectMany(first => Permutations([.. of[..first], .. of[(first + 1)..]])
            .Select(rest => (Func<ISpecificRecord>[])[of[first], .. rest]));
}
