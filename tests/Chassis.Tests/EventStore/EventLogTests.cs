using System.Text;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.State;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Running;
using Confluent.Kafka;
using Dapper;
using Npgsql;
using Xunit;

namespace Checkout.Chassis.Tests.EventStore;

public sealed class EventLogTests(Stage stage)
{
    private const int Partitions = 12;

    [Fact]
    public async Task Positions_are_gapless_and_each_partition_is_a_chain_over_concurrent_writers_and_rollbacks()
    {
        const int writers = 6, transactions = 25;
        await using var database = await StoreDatabase.NewAsync(stage, Partitions);
        var committed = await Task.WhenAll(Enumerable.Range(0, writers)
            .Select(writer => Task.Run(() => WriteAsync(database, new Random(writer), transactions))));
        await AssertOneChainAsync(database, committed.Sum());
    }

    [Fact]
    public async Task An_event_goes_to_the_partition_that_kafkas_own_partitioner_gives_its_key()
    {
        // Not the empty key: without bytes it is, to librdkafka, no key, and goes anywhere.
        string[] keys = ["a", "ab", "abc", "abcd", "anna", "Zoë", "客户-42",
            .. Enumerable.Range(0, 60).Select(_ => Guid.NewGuid().ToString())];
        await using var database = await StoreDatabase.NewAsync(stage, Partitions);
        await AppendAsync(database, keys.Select(key => StoreDatabase.NewEvent(key)));
        await using var connection = await database.OpenConnectionAsync();
        var stored = (await connection.QueryAsync<(string, int)>("SELECT key, partition FROM events")).ToDictionary();

        var topic = await stage.NewTopicAsync(Partitions);
        using var producer = new ProducerBuilder<byte[], byte[]>(
            new ProducerConfig
            {
                BootstrapServers = stage.Broker.Bootstrap,
                Partitioner = Partitioner.Murmur2Random,
                LingerMs = 0
            }).Build();
        var produced = await Task.WhenAll(keys.Select(async key =>
            (key, (await producer.ProduceAsync(topic,
                new() { Key = Encoding.UTF8.GetBytes(key), Value = [] })).Partition.Value)));
        Assert.Equal(produced.ToDictionary(), stored);
    }

    [Fact]
    public async Task A_second_event_of_the_same_id_fails_and_gives_its_number_back()
    {
        await using var database = await StoreDatabase.NewAsync(stage);
        var id = Guid.CreateVersion7();
        await AppendAsync(database, [StoreDatabase.NewEvent("anna", id)]);
        var refusal = await Assert.ThrowsAsync<PostgresException>(() =>
            AppendAsync(database, [StoreDatabase.NewEvent("anna"), StoreDatabase.NewEvent("anna", id)]));
        Assert.Equal(("23505", "an_event_happens_once"), (refusal.SqlState, refusal.ConstraintName));
        await AppendAsync(database, [StoreDatabase.NewEvent("anna")]);
        await AssertOneChainAsync(database, 2);
    }

    [Theory]
    [InlineData(2_500, true)]
    [InlineData(2_000, false)]
    public void An_event_above_the_limit_is_refused_before_it_is_appended(int maxEventBytes, bool isAccepted)
    {
        var table = Tallies.Table("tally", "tallies.told", "chain", "facts");
        var work = table.WorkOf(new Add("anna", 1), Guid.CreateVersion7());
        var declared = new Rows();
        var rows = table.RowsOf(declared);
        declared.Ask(work.Step);
        var appended = new Decisions<TallyRows>(table, maxEventBytes)
            .Run(declared, rows, work, StoreDatabase.NewEvent("anna").OccurredAt);
        Assert.Equal(isAccepted ? 1 : 0, appended.Count);
        if (isAccepted) Assert.Null(work.Fault);
        else Assert.Contains("has 2,000 (EventStore:MaxEventBytes)",
            Assert.IsType<EventTooLargeException>(work.Fault).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_to_append_touches_nothing()
    {
        await using var database = await StoreDatabase.NewAsync(stage);
        await AppendAsync(database, []);
        await AssertOneChainAsync(database, 0);
    }

    /// <summary>
    /// Transactions of 0 to 20 events; about a third are rolled back. Answers with the count of events that were
    /// committed.
    /// </summary>
    private static async Task<int> WriteAsync(NpgsqlDataSource database, Random random, int transactions)
    {
        var committed = 0;
        for (var i = 0; i < transactions; i++)
        {
            var events = Enumerable.Range(0, random.Next(20))
                .Select(_ => StoreDatabase.NewEvent($"customer-{random.Next(30)}")).ToList();
            await using var connection = await database.OpenConnectionAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            await EventLog.AppendAsync(connection, events, CancellationToken.None);
            if (random.Next(3) == 0) continue;
            await transaction.CommitAsync();
            committed += events.Count;
        }
        return committed;
    }

    private static async Task AppendAsync(NpgsqlDataSource database, IEnumerable<NewEvent> events)
    {
        await using var connection = await database.OpenConnectionAsync();
        await EventLog.AppendAsync(connection, events.ToList(), CancellationToken.None);
    }

    private static async Task AssertOneChainAsync(NpgsqlDataSource database, int count)
    {
        await using var connection = await database.OpenConnectionAsync();
        var events = (await connection.QueryAsync<(long Position, long Previous, int Partition)>(
            "SELECT position, previous, partition FROM events ORDER BY position")).AsList();
        Assert.Equal(Enumerable.Range(1, count).Select(p => (long)p), events.Select(e => e.Position));
        var last = new long[Partitions];
        foreach (var e in events)
        {
            Assert.Equal(last[e.Partition], e.Previous);
            last[e.Partition] = e.Position;
        }
        var (position, ends) = await connection.QuerySingleAsync<(long, long[])>("SELECT position, last FROM head");
        Assert.Equal(count, position);
        Assert.Equal(last, ends);
    }
}
