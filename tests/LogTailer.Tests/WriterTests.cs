using Checkout.Fixtures;
using Checkout.Servers;
using Npgsql;
using Xunit;

namespace Checkout.LogTailer.Tests;

/// <summary>
/// Every committed event is on its topic once, no rolled-back one is, and the order of each partition is the order of
/// the commits.
/// </summary>
public sealed class WriterTests(PostgresFixture postgres, BrokerFixture brokers)
{
    private const int Writers = 32;
    private const int Transactions = 40;

    [Fact]
    public async Task Of_32_writers_whose_commits_overtake_each_other_every_event_is_there_once_in_commit_order()
    {
        var broker = await brokers.BrokerAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), broker);
        await using var tail = new RunningTail(store, broker);
        await tail.UntilAsync(TailState.Active);
        var written = await Task.WhenAll(Enumerable.Range(0, Writers)
            .Select(writer => Task.Run(() => WriteAsync(store, writer))));
        // Positions are given in commit order: the head's row is held from the numbering to the commit.
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        var records = TopicReader.ReadAll(broker.Bootstrap, store.Topic).ToDictionary(r => r.EventId());
        Assert.Equal(written.SelectMany(w => w.Committed).ToHashSet(), records.Keys.ToHashSet());
        Assert.DoesNotContain(written.SelectMany(w => w.RolledBack), records.ContainsKey);
        foreach (var key in records.Values.GroupBy(r => r.Message.Key))
            Assert.Equal(await CommitOrderAsync(store, key.Key),
                key.OrderBy(r => r.Offset.Value).Select(r => r.EventId()));
        // Otherwise the writers only ever took turns, and the test says little.
        Assert.True(await store.ScalarAsync<bool>(
            "SELECT EXISTS (SELECT FROM events a JOIN events b ON b.position = a.position + 1 WHERE "
                + "b.xmin::text::bigint < a.xmin::text::bigint)"), "no transaction overtook another");
    }

    [Fact]
    public async Task A_transaction_of_200_000_events_is_published_in_order()
    {
        const int events = 200_000, partitions = 32;
        var broker = await brokers.BrokerAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), broker, partitions);
        await using var tail = new RunningTail(store, broker);
        await tail.UntilAsync(TailState.Active);
        await store.AppendAsync([.. Enumerable.Range(0, events).Select(i => new Sample($"k{i % 1_000}", Body: ""))]);
        // And transactions of one around it.
        await store.AppendAsync(new Sample("k1"));
        await store.AppendAsync(new Sample("k2"));
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap, partitions, TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task A_transaction_of_200_000_events_that_is_rolled_back_leaves_nothing_and_stops_nobody()
    {
        var broker = await brokers.BrokerAsync();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), broker);
        await using var tail = new RunningTail(store, broker);
        await tail.UntilAsync(TailState.Active);
        await using (var connection = await store.Source.OpenConnectionAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await SampleStore.AppendAsync(connection,
                [.. Enumerable.Range(0, 200_000).Select(i => new Sample($"k{i % 1_000}", Body: ""))]);
            await transaction.RollbackAsync();
        }
        for (var i = 0; i < 20; i++) await store.AppendAsync(new Sample($"k{i}"));
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);
        Assert.Equal(20, TopicReader.ReadAll(broker.Bootstrap, store.Topic).Count);
    }

    /// <summary>
    /// The transaction's number is taken by its first write, long before it commits; so with 32 writers numbers and
    /// commits are in different orders.
    /// </summary>
    private static async Task<(List<Guid> Committed, List<Guid> RolledBack)> WriteAsync(SampleStore store, int writer)
    {
        var random = new Random(writer);
        var (committed, rolledBack) = (new List<Guid>(), new List<Guid>());
        await using var connection = await store.Source.OpenConnectionAsync();
        for (var i = 0; i < Transactions; i++)
        {
            var appended = new List<Guid>();
            await using var transaction = await connection.BeginTransactionAsync();
            await ExecuteAsync(connection, $"SELECT pg_current_xact_id()");
            if (random.Next(3) == 0) await ExecuteAsync(connection, "SET LOCAL synchronous_commit = off");
            await Task.Delay(random.Next(15));
            await AppendAsync(connection, Samples(random), appended);
            if (random.Next(3) == 0)
            {
                await transaction.SaveAsync("s");
                await AppendAsync(connection, Samples(random), rolledBack);
                await transaction.RollbackAsync("s");
            }
            if (random.Next(3) == 0) await AppendAsync(connection, Samples(random), appended);
            if (random.Next(4) == 0)
            {
                await transaction.RollbackAsync();
                rolledBack.AddRange(appended);
            }
            else
            {
                await transaction.CommitAsync();
                committed.AddRange(appended);
            }
        }
        return (committed, rolledBack);
    }

    private static async Task AppendAsync(NpgsqlConnection connection, Sample[] samples, List<Guid> to)
    {
        await SampleStore.AppendAsync(connection, samples);
        to.AddRange(samples.Select(s => s.EventId));
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<List<Guid>> CommitOrderAsync(SampleStore store, string key)
    {
        await using var command =
            store.Source.CreateCommand("SELECT event_id FROM events WHERE key = $1 ORDER BY position");
        command.Parameters.Add(new() { Value = key });
        await using var row = await command.ExecuteReaderAsync();
        var order = new List<Guid>();
        while (await row.ReadAsync()) order.Add(row.GetGuid(0));
        return order;
    }

    private static Sample[] Samples(Random random) =>
        [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => new Sample($"k{random.Next(50)}"))];
}
