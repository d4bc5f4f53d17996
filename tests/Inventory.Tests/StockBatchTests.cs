using avatarstore;
using avatarstore.inventory;
using Avro.Specific;
using Checkout.Fixtures;
using CsCheck;
using Xunit;

namespace Checkout.Inventory.Tests;

/// <summary>Any commands in any order on stock in memory; what a database adds is tested with one.</summary>
public sealed class StockBatchTests
{
    private const int Runs = 1_000;
    private static readonly DateTime Deadline = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);
    private static readonly Gen<string> Sku = Gen.OneOf("GORILLA", "TIGER", "PALM");

    private static readonly Gen<StockCommand> Command = Gen.OneOf(
        Gen.Select(Gen.Guid, Gen.Int[0, 3], Sku, Gen.Int[-3, 1]).Select(StockCommand (checkout, customer, sku, late) =>
            new AssignAvatar(checkout, $"c-{customer}", sku, 500, Deadline, Deadline.AddMinutes(late))),
        Gen.Select(Sku, Gen.OneOf(Gen.Long[-1, 3], Gen.OneOf(long.MaxValue)), Gen.Int[0, 2]).Select(StockCommand (sku, quantity, reference) =>
            new AddStock(sku, quantity, $"{reference}")));

    private static readonly Gen<StockCommand[]> Commands = Command.Array[0, 40];

    [Fact]
    public void Stock_is_exact_and_never_below_zero_whatever_the_commands() => Commands.Sample(commands =>
    {
        var states = new StockBatch();
        var events = new List<ISpecificRecord>();
        foreach (var command in commands)
        {
            events.AddRange(Run(states, command));
            Assert.All(states.Available, stock =>
            {
                var added = events.OfType<StockAdded>().Where(e => e.Sku == stock.Key).Sum(e => (decimal)e.Quantity);
                Assert.True(stock.Value >= 0);
                Assert.Equal(added - states.Owned.Count(o => o.Sku == stock.Key), stock.Value);
            });
        }
    }, iter: Runs);

    [Fact]
    public void Nobody_owns_an_avatar_twice() => Commands.Sample(commands =>
    {
        var states = new StockBatch();
        var assigned = commands.SelectMany(command => Run(states, command)).OfType<AvatarAssigned>().ToList();
        Assert.Equal(assigned.Count, assigned.DistinctBy(e => (e.CustomerId, e.Sku)).Count());
    }, iter: Runs);

    [Fact]
    public void Every_assignment_is_answered_once() => Commands.Sample(commands =>
    {
        var states = new StockBatch();
        foreach (var assign in commands)
        {
            var answers = Run(states, assign);
            if (assign is AssignAvatar) Assert.True(Assert.Single(answers) is AvatarAssigned or AssignmentRejected { Reason: not Reason.UNKNOWN });
        }
    }, iter: Runs);

    [Fact]
    public void A_delivery_counts_once() => Commands.Sample(commands =>
    {
        var states = new StockBatch();
        var added = commands.SelectMany(command => Run(states, command)).OfType<StockAdded>().ToList();
        Assert.Equal(added.Count, added.DistinctBy(e => (e.Sku, e.Reference)).Count());
    }, iter: Runs);

    [Fact]
    public void However_commands_are_cut_into_batches_the_events_are_the_same() => Gen.Select(Commands, Gen.Int[1, 10]).Sample((commands, size) =>
    {
        var whole = new StockBatch();
        var wanted = commands.SelectMany(command => Run(whole, command)).ToList();
        var states = new StockBatch();
        var cut = new List<ISpecificRecord>();
        foreach (var batch in commands.Chunk(size))
        {
            states = Loaded(states);
            foreach (var command in batch) cut.AddRange(Run(states, command));
        }
        Assert.Equal(EventText.Of(wanted), EventText.Of(cut));
    }, iter: Runs);

    [Fact]
    public void The_events_alone_lead_to_the_same_stock_in_any_order() => Gen.Select(Commands, Gen.Int).Sample((commands, seed) =>
    {
        var live = new StockBatch();
        var events = commands.SelectMany(command => Run(live, command)).ToArray();
        // Customers and deliveries are on different partitions, and a rebuild replays those side by side.
        new Random(seed).Shuffle(events);
        var rebuilt = new StockBatch();
        foreach (var e in events) rebuilt.Evolve(e);
        Assert.Equal(live.Available.OrderBy(s => s.Key), rebuilt.Available.OrderBy(s => s.Key));
        Assert.True(live.Owned.SetEquals(rebuilt.Owned));
        Assert.True(live.Deliveries.SetEquals(rebuilt.Deliveries));
    }, iter: Runs);

    /// <summary>As Decisions does it: a command that faults has no effect.</summary>
    private static IReadOnlyList<ISpecificRecord> Run(StockBatch states, StockCommand command)
    {
        try
        {
            var decided = states.Decide(command);
            foreach (var e in decided) states.Evolve(e);
            return decided;
        }
        catch (Exception fault) when (fault is ArgumentException or OverflowException)
        {
            return [];
        }
    }

    private static StockBatch Loaded(StockBatch before)
    {
        var states = new StockBatch();
        foreach (var (sku, pieces) in before.Available) states.Available[sku] = pieces;
        states.Owned.UnionWith(before.Owned);
        states.Deliveries.UnionWith(before.Deliveries);
        return states;
    }
}
