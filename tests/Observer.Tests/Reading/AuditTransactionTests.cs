using System.Diagnostics;
using System.Text.Json.Nodes;
using Checkout.Chassis.Operating;
using Checkout.Contracts;
using Checkout.Fixtures;
using Checkout.Observer.Auditing;
using Checkout.Observer.Reading;
using Checkout.Observer.Tests.Auditing;
using Npgsql;
using Xunit;

namespace Checkout.Observer.Tests.Reading;

/// <summary>
/// Batches of records in a real database: each once, whatever comes again, early, late or from elsewhere.
/// </summary>
public sealed class AuditTransactionTests(PostgresFixture postgres)
{
    [Fact]
    public async Task However_records_are_batched_and_repeated_the_figures_are_the_same()
    {
        var events = Shop(customers: 12).Events;
        await using var one = await ObserverStore.NewAsync(postgres);
        await one.ReadAsync(one.Records(events));
        await using var other = await ObserverStore.NewAsync(postgres);
        var records = other.Records(events.OrderBy(e => e.Topic, StringComparer.Ordinal));
        for (var at = 0; at < records.Count; at += 7)
        {
            // As after a kill between two batches: what is read already comes again.
            await other.ReadAsync([.. records.Skip(Math.Max(0, at - 3)).Take(10)]);
        }
        Assert.Equal(await one.DerivedAsync(), await other.DerivedAsync());
        Assert.Empty(await other.KindsAsync());
        Assert.Equal(0, await one.AskAsync<long>("SELECT sum(highest - judged) FROM stores"));
        Assert.Equal(events.Count, await other.AskAsync<long>("SELECT sum(next) FROM reading"));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Thousands_of_events_are_judged_and_it_is_said_how_fast(bool oneAfterTheOther)
    {
        var events = Shop(customers: 800).Events;
        await using var store = await ObserverStore.NewAsync(postgres);
        var records = store.Records(oneAfterTheOther
            ? events.OrderBy(e => e.Topic, StringComparer.Ordinal).ThenBy(e => e.Partition) : events);
        var clock = Stopwatch.StartNew();
        foreach (var batch in records.Chunk(100)) await store.ReadAsync(batch);
        for (var isMore = true; isMore;) isMore = (await store.ReadAsync()).IsMore;
        TestLog.Say($"The audit judged {events.Count} events, partitions {(oneAfterTheOther ? "one after the other"
            : "side by side")}, {events.Count / clock.Elapsed.TotalSeconds:F0} a second");
        Assert.Equal(0, await store.AskAsync<long>("SELECT sum(highest - judged) FROM stores"));
        Assert.Equal(800, await store.AskAsync<long>("SELECT sum(checkouts) FROM states"));
        Assert.Empty(await store.KindsAsync());
    }

    [Fact]
    public async Task A_batch_that_is_killed_on_its_way_leaves_nothing_behind()
    {
        var events = Shop(customers: 6).Events;
        await using var store = await ObserverStore.NewAsync(postgres);
        var records = store.Records(events);
        await store.ReadAsync([.. records.Take(10)]);
        var before = await store.DerivedAsync();
        // On connections of its own: those that are killed are the store's.
        await using var killer = NpgsqlDataSource.Create(store.ConnectionString);
        var killing = Task.Run(async () =>
        {
            for (var i = 0; i < 100; i++)
            {
                await using var kill = killer.CreateCommand("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    + "WHERE datname = current_database() AND application_name = 'observer' AND state <> 'idle'");
                await kill.ExecuteNonQueryAsync();
            }
        });
        var killed = 0;
        for (var isWhole = false; !isWhole;)
            try
            {
                await store.ReadAsync([.. records.Take(10)]);
                Assert.Equal(before, await store.DerivedAsync());
                if (isWhole = killing.IsCompleted || killed > 0) await store.ReadAsync(records);
            }
            catch (NpgsqlException)
            {
                (killed, isWhole) = (killed + 1, false);
            }
        await using var whole = await ObserverStore.NewAsync(postgres);
        await whole.ReadAsync(whole.Records(events));
        Assert.Equal(await whole.DerivedAsync(), await store.DerivedAsync());
        await killing;
        TestLog.Say($"{killed} batches of the audit were killed");
    }

    [Fact]
    public async Task A_record_that_its_partition_lacks_is_said_at_once_and_the_rest_is_judged()
    {
        var events = new Tale().Credited("player-1", 1_000).Credited("player-1", 1).Credited("player-1", 2).Events;
        await using var store = await ObserverStore.NewAsync(postgres);
        var outcome = await store.ReadAsync(store.Records([events[0], events[2]]));
        var found = Assert.Single(outcome.Findings);
        Assert.Equal((Kinds.PositionMissing, "balance.accounts 2"), (found.Kind, found.Subject));
        Assert.Equal(3, await store.AskAsync<long>("SELECT judged FROM stores WHERE topic = 'balance.accounts'"));
        // LogTailer publishes it after all.
        Assert.Empty((await store.ReadAsync(store.Record(events[1]))).Findings);
        Assert.Equal(0, await store.AskAsync<long>("SELECT missing FROM stores WHERE topic = 'balance.accounts'"));
        Assert.Equal(1_003, await store.AskAsync<decimal>("SELECT credited - balances + 1003 FROM audit"));
    }

    [Fact]
    public async Task A_position_that_may_still_come_on_another_partition_is_waited_for()
    {
        var events = Partitioned();
        await using var store = await ObserverStore.NewAsync(postgres);
        Assert.Empty((await store.ReadAsync(store.Record(events[1]))).Findings);
        Assert.Equal(0, await store.AskAsync<long>("SELECT judged FROM stores WHERE topic = 'balance.accounts'"));
        Assert.Empty((await store.ReadAsync(store.Record(events[0]))).Findings);
        Assert.Equal(2, await store.AskAsync<long>("SELECT judged FROM stores WHERE topic = 'balance.accounts'"));
    }

    [Fact]
    public async Task What_is_lost_on_one_partition_accuses_nothing_that_is_yet_to_be_read_on_another()
    {
        // Positions 1 and 3 are of one partition, 2 and 4 of another.
        var tale = new Tale();
        var (one, other) = (Partitioned()[0].CustomerId!, Partitioned()[1].CustomerId!);
        var events = tale.Credited(one, 1).Credited(other, 1).Credited(one, 1).Credited(other, 1).Events;
        await using var store = await ObserverStore.NewAsync(postgres);
        // 2 is lost; 1 and 3 were not read yet.
        Assert.Empty((await store.ReadAsync(store.Record(events[3]))).Findings);
        await store.ReadAsync(store.Record(events[0]));
        // As it is looked at now and then.
        await store.ReadAsync();
        Assert.Equal(["position-missing"], await store.KindsAsync());
        await store.ReadAsync(store.Record(events[2]));
        Assert.Equal(4, await store.AskAsync<long>("SELECT judged FROM stores WHERE topic = 'balance.accounts'"));
        Assert.Equal(["position-missing"], await store.KindsAsync());
    }

    [Fact]
    public async Task A_position_that_never_came_is_said_when_it_is_not_waited_for_any_longer()
    {
        var events = Partitioned();
        await using var store = await ObserverStore.NewAsync(postgres);
        await store.ReadAsync(store.Record(events[1]));
        Assert.Equal(Kinds.PositionMissing, Assert.Single((await store.PassOverAsync(Topics.BalanceAccounts)).Findings)
            .Kind);
        Assert.Equal(2, await store.AskAsync<long>("SELECT judged FROM stores WHERE topic = 'balance.accounts'"));
    }

    [Fact]
    public async Task Positions_that_a_refill_recorded_as_lost_settle_themselves_and_no_others_do()
    {
        var tale = new Tale();
        for (var coins = 1; coins <= 8; coins++) tale.Credited("player-1", coins);
        await using var store = await ObserverStore.NewAsync(postgres);
        // 2, and 5 to 6, of which a refill speaks of 6 alone.
        await store.ReadAsync(store.Records(tale.Events.Where(e => e.Position is not (2 or 5 or 6))));
        await store.PassOverAsync(Topics.BalanceAccounts);
        Assert.Equal([Kinds.PositionMissing, Kinds.PositionMissing], await store.KindsAsync());
        var lost = new LostPositions(store.Database);
        var at = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);
        LostProgress[] ranges = [new(2, 2, "anna", "db-2 died", at), new(6, 6, "anna", "db-2 died", at)];
        Assert.Equal(0, await lost.SettleAsync(Topics.StoreCheckouts, ranges, DateTime.UtcNow, default));
        Assert.Equal(1, await lost.SettleAsync(Topics.BalanceAccounts, ranges, DateTime.UtcNow, default));
        Assert.Equal(0, await lost.SettleAsync(Topics.BalanceAccounts, ranges, DateTime.UtcNow, default));
        Assert.Equal("refill: lost with the database before anybody saw their events, says the refill of "
            + "2026-01-02 03:04:05Z by anna: db-2 died", await store.AskAsync<string>(
                "SELECT who || ': ' || why FROM violations WHERE subject = 'balance.accounts 2'"));
        Assert.Equal("balance.accounts 5", await store.AskAsync<string>(
            "SELECT string_agg(subject, ',') FROM violations WHERE settled_at IS NULL"));
        // What is missing still keeps the sum of all coins from being judged.
        Assert.Equal(2, await store.AskAsync<long>("SELECT missing FROM stores WHERE topic = 'balance.accounts'"));
        Assert.Equal(1, await lost.SettleAsync(Topics.BalanceAccounts, [.. ranges, new(5, 5, "anna", "again", at)],
            DateTime.UtcNow, default));
        Assert.Equal(0, await store.AskAsync<long>("SELECT missing FROM stores WHERE topic = 'balance.accounts'"));
    }

    [Fact]
    public async Task The_same_event_at_its_position_again_is_counted_and_another_one_there_is_a_violation()
    {
        var events = new Tale().Credited("player-1", 1_000).Events;
        await using var store = await ObserverStore.NewAsync(postgres);
        await store.ReadAsync(store.Record(events[0]));
        Assert.Empty((await store.ReadAsync(store.Record(events[0]))).Findings);
        Assert.Equal(1, await store.AskAsync<long>("SELECT sum(duplicates) FROM reading"));
        var forged = store.Record(events[0] with { EventId = Guid.NewGuid() });
        Assert.Equal(Kinds.OtherEventAtPosition, Assert.Single((await store.ReadAsync(forged)).Findings).Kind);
        Assert.Equal(1, await store.AskAsync<long>("SELECT count(*) FROM strangers"));
        var repeated = store.Record(events[0] with { Position = 2, Previous = 1 });
        Assert.Contains((await store.ReadAsync(repeated)).Findings, f => f.Kind == Kinds.EventTwice);
    }

    [Fact]
    public async Task A_violation_keeps_its_events_decoded_and_is_said_once()
    {
        var stream = new Tale().Delivered(1).Credited("player-1", 1_000);
        var id = stream.Bought("player-1");
        stream.Change("BalanceDeducted", id, "balanceCoins", JsonValue.Create(1L));
        await using var store = await ObserverStore.NewAsync(postgres);
        await store.ReadAsync(store.Records(stream.Events));
        Assert.Equal([Kinds.BalanceDoesNotFollow], await store.KindsAsync());
        Assert.Equal("1,2", await store.AskAsync<string>(
            "SELECT string_agg(e ->> 'position', ',') FROM violations, jsonb_array_elements(events) e"));
        Assert.Equal("1", await store.AskAsync<string>(
            "SELECT events -> 1 -> 'fields' ->> 'balanceCoins' FROM violations"));
    }

    [Fact]
    public async Task Texts_that_no_index_takes_and_names_that_nobody_knows_stop_nothing()
    {
        var tale = new Tale().Credited("player-1", 1_000).Credited("player-1", 1).Credited("player-1", 1);
        tale.Change(0, "reference", JsonValue.Create(new string('x', 10_000)));
        tale.Change(1, "customerId", JsonValue.Create("\0" + new string('y', 10_000)));
        tale.Events[2] = tale.Events[2] with { Name = Told.NameOf(new string('z', 10_000)), Fields = null };
        await using var store = await ObserverStore.NewAsync(postgres);
        await store.ReadAsync(store.Records(tale.Events));
        Assert.Equal(3, await store.AskAsync<long>("SELECT judged FROM stores WHERE topic = 'balance.accounts'"));
        Assert.Equal(1, await store.AskAsync<long>("SELECT opaque FROM stores WHERE topic = 'balance.accounts'"));
    }

    [Fact]
    public async Task Coins_that_are_not_conserved_in_all_are_said_once()
    {
        var tale = new Tale().Credited("player-1", 1_000).Credited("player-1", 1);
        tale.Change(1, "balanceCoins", JsonValue.Create(7L));
        await using var store = await ObserverStore.NewAsync(postgres);
        await store.ReadAsync(store.Records(tale.Events));
        Assert.Single(await store.ReachAsync(DateTime.UtcNow));
        Assert.Empty(await store.ReachAsync(DateTime.UtcNow));
        Assert.Equal([Kinds.BalanceDoesNotFollow, Kinds.CoinsNotConserved], await store.KindsAsync());
    }

    [Fact]
    public async Task Facts_without_a_chain_are_known_by_their_ids_wherever_they_are_sent_again()
    {
        var fact = new Told(Topics.GameRewards, 0, 0, null, Guid.NewGuid(), "GameRegistered", Tale.Start, [])
        { ReadAt = Tale.Start };
        await using var store = await ObserverStore.NewAsync(postgres);
        Assert.Empty((await store.ReadAsync(store.Record(fact), store.Record(fact))).Findings);
        // The topic was made anew, and has another fact at the first offset.
        await store.AskAsync<object>("UPDATE reading SET next = 0, last_id = NULL");
        var first = store.Record(fact with { EventId = Guid.NewGuid() });
        Assert.Empty((await store.ReadAsync(first with { Record = first.Record with { Offset = 0 } })).Findings);
        Assert.Equal((2, 1), (await store.AskAsync<long>("SELECT count(*) FROM events"),
            await store.AskAsync<long>("SELECT sum(duplicates) FROM reading")));
    }

    [Fact]
    public async Task Records_that_are_no_events_are_listed_and_stop_nothing()
    {
        var events = new Tale().Credited("player-1", 1_000).Events;
        await using var store = await ObserverStore.NewAsync(postgres);
        var stranger = store.Record(events[0]) with { Told = null, Stranger = "it has not the headers" };
        var far = store.Record(events[0] with { Position = long.MaxValue - 1, EventId = Guid.NewGuid() });
        Assert.Empty((await store.ReadAsync(stranger, far, store.Record(events[0]))).Findings);
        Assert.Equal(2, await store.AskAsync<long>("SELECT count(*) FROM strangers"));
        Assert.Equal(1, await store.AskAsync<long>("SELECT judged FROM stores WHERE topic = 'balance.accounts'"));
    }

    [Fact]
    public async Task What_is_not_there_is_said_only_when_all_is_read_that_was_there_then()
    {
        var stream = new Tale().Delivered(1).Credited("player-1", 1_000);
        var id = stream.Bought("player-1");
        await using var store = await ObserverStore.NewAsync(postgres);
        var lacking = stream.Events.Where(e => e.Topic != Topics.InventoryAvatars)
            .Select(e => e with { ReadAt = DateTime.UtcNow });
        await store.ReadAsync(store.Records(lacking));
        Assert.Empty(await store.ReachAsync(DateTime.UtcNow.AddMinutes(-1)));
        var found = Assert.Single(
            await store.ReachAsync(DateTime.UtcNow.AddMinutes(1)));
        Assert.Equal((Kinds.EffectWithoutCause, $"{id}"), (found.Kind, found.Subject));
        Assert.Empty(await store.ReachAsync(DateTime.UtcNow.AddMinutes(2)));
    }

    private static Tale Shop(int customers)
    {
        var stream = new Tale().Delivered(customers / 2);
        for (var i = 0; i < customers; i++) stream.Credited($"player-{i}", 400 + 100 * (i % 3));
        for (var i = 0; i < customers; i++) stream.Bought($"player-{i}");
        return stream;
    }

    /// <summary>Two events of one store on two partitions.</summary>
    private static List<Told> Partitioned()
    {
        for (var i = 1; ; i++)
            if (new Tale().Credited("player-0", 1).Credited($"player-{i}", 1).Events is var events
                && events[0].Partition != events[1].Partition) return events;
    }
}
