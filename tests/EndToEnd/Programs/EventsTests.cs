using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Checkout.Local.Demo;
using Checkout.Local.Events;
using Xunit;

namespace Checkout.EndToEnd.Programs;

/// <summary>What `events ID` prints.</summary>
public sealed class EventsTests : IDisposable
{
    private static readonly DateTime Noon = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);
    private static readonly TimeSpan Seconds = TimeSpan.FromSeconds(60);

    private readonly TestFolder _folder = new("events");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_checkouts_events_are_printed_decoded_while_the_system_runs_and_when_it_is_stopped()
    {
        Guid checkout;
        string printed;
        await using (var local = LocalRun.Start(_folder.Path, "--in-memory-broker", "--port", "0"))
        {
            using var game = new Game(await local.RunningAsync());
            var customer = await game.NewAsync(coins: 700);
            checkout = (await game.EndOfAsync(
                customer, await game.BuyAsync(customer, "gorilla", "k", Cancel))).CheckoutId;

            printed = await SaidAsync(0, $"{checkout}");
            InOrder(printed, $"Checkout {checkout}: 4 events", "CheckoutCreated", "BalanceDeducted",
            "AvatarAssigned", "CheckoutCompleted");
            Assert.Contains(
                "because of BalanceDeducted, previous on its partition ", printed, StringComparison.Ordinal);
            Assert.Contains(
                $"customerId: {customer}, sku: gorilla, priceCoins: 500, expiresAt: 20", printed,
                StringComparison.Ordinal);
            Assert.Contains("Z, balanceCoins: 200\n", printed, StringComparison.Ordinal);
            var unknown = Guid.CreateVersion7();
            Assert.Contains(
                $"has an event of checkout {unknown}.", await SaidAsync(1, $"{unknown}"), StringComparison.Ordinal);
        }
        Assert.Equal(printed, await SaidAsync(0, $"{checkout}"));
    }

    [Fact]
    public async Task What_is_no_id_and_where_no_system_has_run_is_told_in_a_sentence()
    {
        Assert.Contains("nonsense is not a checkout's id", await SaidAsync(1, "nonsense"), StringComparison.Ordinal);
        Assert.Contains(
            $"No system has run in {_folder.Path}", await SaidAsync(1, $"{Guid.NewGuid()}"), StringComparison.Ordinal);
    }

    [Fact]
    public void An_event_stands_behind_its_cause_also_where_their_clocks_differ()
    {
        var created = Event("CheckoutCreated", Noon, cause: null);
        var deducted = Event("BalanceDeducted", Noon.AddSeconds(-5), created.Id);
        var assigned = Event("AvatarAssigned", Noon.AddSeconds(-2), deducted.Id);
        Assert.Equal([created, deducted, assigned], StoredEvent.InOrder([assigned, deducted, created]));
    }

    [Fact]
    public void Events_that_name_each_other_as_their_cause_are_told_all_the_same()
    {
        var (one, other) = (Event("One", Noon, cause: null), Event("Other", Noon.AddSeconds(1), cause: null));
        Assert.Equal(2, StoredEvent.InOrder([one with { Cause = other.Id }, other with { Cause = one.Id }]).Count);
    }

    private static StoredEvent Event(string name, DateTime at, Guid? cause) => new()
    {
        Store = "store",
        Topic = "store.checkouts",
        Position = 1,
        Previous = 0,
        Partition = 0,
        Id = Guid.NewGuid(),
        Key = "player-1",
        Type = $"avatarstore.store.{name}",
        At = at,
        Cause = cause,
        Fields = [],
    };

    private async Task<string> SaidAsync(int exitCode, string id)
    {
        await using var events = LocalRun.Start(_folder.Path, "events", id);
        Assert.Equal(exitCode, await events.Exited.WaitAsync(Seconds, Cancel));
        return events.Output;
    }

    private static void InOrder(string text, params string[] words)
    {
        var at = 0;
        foreach (var word in words)
        {
            var found = text.IndexOf(word, at, StringComparison.Ordinal);
            Assert.True(found >= 0, $"{word} does not come next in:\n{text}");
            at = found + word.Length;
        }
    }
}
