using avatarstore;
using avatarstore.balance;
using avatarstore.inventory;
using avatarstore.store;
using Avro.Specific;
using Checkout.Chassis.Choreography;
using Checkout.Fixtures;
using Checkout.Store.Checkouts;
using CsCheck;
using Xunit;

namespace Checkout.Store.Tests;

/// <summary>
/// Any posts and any answers of other services in any order, also ones that contradict each other, on rows in memory.
/// </summary>
public sealed class StoriesInAnyOrderTests
{
    private const int Runs = 1_000;
    private static readonly DateTime Now = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);
    private static readonly Gen<int> CheckoutNumber = Gen.Int[0, 3];

    private static readonly Gen<Work<StoreRows>> Step = Gen.OneOf(
        CheckoutNumber.Select(number => StoreChoreography.Table.WorkOf(Post(number), Id(number))),
        Gen.Select(Gen.Guid, CheckoutNumber, Gen.Int[0, 4], (id, number, kind) => Store().Heard(kind switch
        {
            0 => new BalanceDeducted { EventId = id, CheckoutId = Id(number) },
            1 => new DeductionRejected { EventId = id, CheckoutId = Id(number), Reason = Reason.INSUFFICIENT_FUNDS },
            2 => new AvatarAssigned { EventId = id, CheckoutId = Id(number) },
            3 => new AssignmentRejected { EventId = id, CheckoutId = Id(number), Reason = Reason.SOLD_OUT },
            _ => new BalanceRefunded { EventId = id, CheckoutId = Id(number), RefundedCoins = 500 },
        })));

    private static readonly Gen<Work<StoreRows>[]> Steps = Step.Array[0, 40];

    [Fact]
    public void A_checkout_begins_once_and_ends_at_most_once() => Steps.Sample(steps =>
    {
        var store = Store();
        var told = steps.SelectMany(step => store.Handle(step)).ToList();
        var begun = told.OfType<CheckoutCreated>().Select(e => e.CheckoutId).ToList();
        Guid[] ended =
        [
            .. told.OfType<CheckoutCompleted>().Select(e => e.CheckoutId),
            .. told.OfType<CheckoutFailed>().Where(e => !e.RefundDue).Select(e => e.CheckoutId),
            .. told.OfType<CheckoutRefunded>().Select(e => e.CheckoutId),
        ];
        Assert.Equal(begun.Distinct(), begun);
        Assert.Equal(ended.Distinct(), ended);
        var rows = store.Memory.All(store.Rows.Checkouts).Where(row => row.Value.EndedAt is not null);
        Assert.Equal(ended.Order(), rows.Select(row => row.Key).Order());
    }, iter: Runs, print: InMemory<StoreRows>.Text);

    [Fact]
    public void However_steps_are_cut_into_batches_the_events_and_the_rows_are_the_same() =>
        Gen.Select(Steps, Gen.Int[2, 10]).Sample((steps, size) =>
        {
            var (whole, cut) = (Store(), Store());
            var wanted = steps.SelectMany(step => whole.Handle(step)).ToList();
            Assert.Equal(EventText.Of(wanted), EventText.Of(steps.Chunk(size).SelectMany(batch => cut.Handle(batch))));
            SameRows(whole, cut);
            Assert.Equal(whole.Memory.All(whole.Rows.Posts), cut.Memory.All(cut.Rows.Posts));
            Assert.Equal(whole.Memory.All(whole.Rows.Observations), cut.Memory.All(cut.Rows.Observations));
        }, iter: Runs, print: t => InMemory<StoreRows>.Text(t.Item1));

    [Fact]
    public void The_events_alone_lead_to_the_same_rows() => Gen.Select(Steps, Gen.Int[1, 10]).Sample((steps, size) =>
    {
        var (live, rebuilt) = (Store(), Store());
        foreach (var page in live.Handle(steps).Chunk(size)) rebuilt.Apply(page);
        SameRows(live, rebuilt);
    }, iter: Runs, print: t => InMemory<StoreRows>.Text(t.Item1));

    private static void SameRows(InMemory<StoreRows> wanted, InMemory<StoreRows> actual)
    {
        Assert.Equal(wanted.Memory.All(wanted.Rows.Checkouts), actual.Memory.All(actual.Rows.Checkouts));
        Assert.Equal(wanted.Memory.All(wanted.Rows.Packages), actual.Memory.All(actual.Rows.Packages));
    }

    private static InMemory<StoreRows> Store() => new InMemory<StoreRows>(StoreChoreography.Table, Now)
        .Given(rows => rows.Packages.Add("GORILLA", new("Gorilla", 500)));

    private static CreateCheckout Post(int number) =>
        new(Id(number), $"c-{number % 2}", $"key-{number}", "GORILLA", Now, TimeSpan.FromMinutes(5));

    private static Guid Id(int number) => new(number, 0, 0, [8, 0, 0, 0, 0, 0, 0, 0]);
}
