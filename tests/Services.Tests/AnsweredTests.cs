using avatarstore;
using avatarstore.balance;
using avatarstore.game;
using avatarstore.inventory;
using avatarstore.store;
using Avro.Specific;
using Checkout.Balance;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.State;
using Checkout.Fixtures;
using Checkout.Inventory;
using Checkout.Store;
using Checkout.Store.Checkouts;
using Xunit;

namespace Checkout.Services.Tests;

/// <summary>
/// A service's database came back from its topic, and all that it ever heard comes past again: every reaction of the
/// three is here, with its answers in the store.
/// </summary>
public sealed class AnsweredTests
{
    private static readonly DateTime Now = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);
    private static readonly DateTime Later = Now.AddMinutes(5);

    private static readonly Story<BalanceRows> InBalance = new(BalanceChoreography.Table, _ => { },
    [
        With(new GameRegistered { CustomerId = "c-1", GameId = "g", Coins = 1_000 }),
        With(new DailyRewardClaimed { CustomerId = "c-1", Day = Now.Date, Coins = 100 }),
        With(Created(1, "c-1", 900)),
        // Refused, and what it was refused for changes: after the refund there would be enough.
        With(Created(2, "c-1", 800)),
        With(Created(3, "c-1", 10, Now.AddMinutes(-1))), With(Created(4, "nobody", 10)),
        With(new AssignmentRejected { CheckoutId = Id(1), CustomerId = "c-1", Sku = "GORILLA" }),
        With(new AchievementCompleted { CustomerId = "c-1", AchievementId = "a", Coins = 5 }),
    ]);

    private static readonly Story<InventoryRows> InInventory = new(InventoryChoreography.Table,
        rows => rows.Stock.Add("GORILLA", new(1)),
    [
        With(Deducted(1, "c-1")), With(Deducted(2, "c-2")), With(Deducted(3, "c-1")),
        With(Deducted(4, "c-4", Now.AddMinutes(-1))),
    ]);

    private static readonly Story<StoreRows> InStore = new(StoreChoreography.Table, rows =>
    {
        for (var number = 1; number <= 5; number++)
            rows.Checkouts.Add(Id(number), new("c-1", "GORILLA", 500, CheckoutStatus.Pending, null, Now, Later, null));
    },
    [
        With(Deducted(1, "c-1")),
        With(new AvatarAssigned { CheckoutId = Id(1), CustomerId = "c-1", Sku = "GORILLA" }),
        With(new DeductionRejected { CheckoutId = Id(2), CustomerId = "c-1", Reason = Reason.EXPIRED }),
        With(new AssignmentRejected { CheckoutId = Id(3), CustomerId = "c-1", Reason = Reason.SOLD_OUT }),
        With(Refunded(3)),
        // Before what it is the refund of.
        With(Refunded(4)),
        With(new AssignmentRejected { CheckoutId = Id(4), CustomerId = "c-1", Reason = Reason.SOLD_OUT }),
    ]);

    [Fact]
    public void What_Balance_has_answered_is_told_no_second_time() => NothingIsToldAgain(InBalance, mattersFor: 3);

    [Fact]
    public void What_Inventory_has_answered_is_told_no_second_time() => NothingIsToldAgain(InInventory, mattersFor: 4);

    [Fact]
    public void What_Store_has_answered_is_told_no_second_time() => NothingIsToldAgain(InStore, mattersFor: 0);

    [Fact]
    public void Of_two_answers_of_which_one_was_published_the_other_is_told_behind_it()
    {
        var (told, ids) = InStore.Run(Refunded(4));
        Assert.Equal([typeof(CheckoutFailed), typeof(CheckoutRefunded)], told.Select(e => e.GetType()));
        var store = InStore.Refilled(told.Take(1));
        var again = store.Heard(Refunded(4));
        again.Answered = 1;
        Assert.IsType<CheckoutRefunded>(Assert.Single(store.Run(again)));
        Assert.Equal(ids[1], Assert.Single(store.Log).EventId);
    }

    /// <param name="mattersFor">So many of what it heard would be answered again by their state alone.</param>
    private static void NothingIsToldAgain<TRows>(Story<TRows> story, int mattersFor)
    {
        Assert.Equal(story.Table.Heard.Select(reaction => reaction.Event).ToHashSet(),
            story.Heard.Select(e => e.GetType()).ToHashSet());
        var (told, ids) = story.Run([.. story.Heard]);
        var (careful, careless) = (story.Refilled(told), story.Refilled(told));
        var again = 0;
        foreach (var e in story.Heard)
        {
            var work = careful.Heard(e);
            work.Answered = Enumerable.Range(0, work.Tells.Count)
                .Count(i => ids.Contains(EventIds.Following(work.Seed, work.Reaction, i)));
            Assert.Empty(careful.Run(work));
            Assert.Null(work.Fault);
            if (careless.Run(careless.Heard(e)).Count > 0) again++;
        }
        Assert.Equal(mattersFor, again);
    }

    private static Guid Id(int number) => new(number, 0, 0, new byte[8]);

    private static T With<T>(T e) where T : ISpecificRecord
    {
        var schema = (Avro.RecordSchema)e.Schema;
        e.Put(schema["eventId"].Pos, Guid.CreateVersion7());
        e.Put(schema["occurredAt"].Pos, Now);
        return e;
    }

    private static CheckoutCreated Created(int number, string customer, long price, DateTime? expires = null) => new()
    {
        CheckoutId = Id(number),
        CustomerId = customer,
        Sku = "GORILLA",
        PriceCoins = price,
        ExpiresAt = expires ?? Later,
    };

    private static BalanceDeducted Deducted(int number, string customer, DateTime? expires = null) => new()
    {
        CheckoutId = Id(number),
        CustomerId = customer,
        Sku = "GORILLA",
        PriceCoins = 500,
        ExpiresAt = expires ?? Later,
    };

    private static BalanceRefunded Refunded(int number) =>
        new() { EventId = Id(100 + number), CheckoutId = Id(number), CustomerId = "c-1", Reason = Reason.SOLD_OUT };

    /// <summary>What a service heard, in order, on rows that were there before.</summary>
    private sealed record Story<TRows>(Choreography<TRows> Table, Action<TRows> Given,
        IReadOnlyList<ISpecificRecord> Heard)
    {
        public (IReadOnlyList<ISpecificRecord> Told, IReadOnlyList<Guid> Ids) Run(params ISpecificRecord[] heard)
        {
            var service = new InMemory<TRows>(Table, Now).Given(Given);
            var told = heard.SelectMany(e => service.RunAlone(service.Heard(e))).ToList();
            return (told, service.Log.ConvertAll(e => e.EventId));
        }

        /// <summary>Its state is what these events lead to.</summary>
        public InMemory<TRows> Refilled(IEnumerable<ISpecificRecord> told)
        {
            var service = new InMemory<TRows>(Table, Now).Given(Given);
            foreach (var e in told)
            {
                var declared = new Rows();
                var rows = Table.RowsOf(declared);
                declared.Ask(e);
                declared.LoadFrom(service.Memory);
                Table.Describe(e).Change(rows, e);
                declared.SaveTo(service.Memory);
            }
            return service;
        }
    }
}
