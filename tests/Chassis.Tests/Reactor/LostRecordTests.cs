using Avro;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Checkout.LogTailer;
using Checkout.LogTailer.Operating;
using Checkout.LogTailer.Source;
using Confluent.Kafka;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Checkout.Chassis.Tests.Reactor;

/// <summary>
/// A record that a consumer has not handled yet is gone from the topic: with the real tailer between the store it came
/// from and the consumer.
/// </summary>
public sealed class LostRecordTests(Stage stage)
{
    private const int Before = 10;
    private const int Lost = 25;
    private const int All = 40;

    [Fact]
    public async Task A_record_that_is_gone_is_said_and_comes_again_from_the_store_and_nothing_passes_over_it()
    {
        if (stage.Broker.IsInMemory) throw Prerequisite.Missing("kafka",
            "the in-memory broker forgets the oldest by itself, so LogTailer does not look for it there.");
        await using var world = await World.NewAsync(stage, partitions: 1);
        await using var upstream = await UpstreamAsync(world.Chain.Topic);
        await AppendAsync(upstream, 1, Before);
        var instance = await world.StartInstanceAsync();
        await using (new FollowedStore(stage, upstream.ConnectionString))
        {
            await world.UntilTotalAsync("anna", Sum(1, Before));
            await instance.StopAsync();
            await AppendAsync(upstream, Before + 1, All);
            await Eventually.Until(() => EndOf(world.Chain.Topic) == All, "all on the topic");
        }
        using (var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = stage.Broker.Bootstrap })
            .Build())
            await admin.DeleteRecordsAsync([new(world.Chain.Topic, 0, Lost)]);

        var again = await world.StartInstanceAsync();
        await Eventually.Until(() => again.State.HeldPartitions == 1, "the partition is held");
        Assert.Equal(HealthStatus.Degraded, (await again.State.CheckHealthAsync(new())).Status);
        Assert.Equal(1, again.Readings.Gauge("reactor.held.partitions"));
        Assert.True(again.Lines.Contain("is missing"));
        Assert.Equal(Sum(1, Before), (await world.TotalsAsync())["anna"]);

        await using var tail = new FollowedStore(stage, upstream.ConnectionString);
        await world.UntilTotalAsync("anna", Sum(1, All));
        await AppendAsync(upstream, All + 1, All + 5);
        await world.UntilTotalAsync("anna", Sum(1, All + 5));
        Assert.Equal(0, again.State.HeldPartitions);
        Assert.Equal(HealthStatus.Healthy, (await again.State.CheckHealthAsync(new())).Status);
    }

    private static long Sum(int from, int to) => Enumerable.Range(from, to - from + 1).Sum(i => (long)1 << (i % 20));

    /// <summary>The store of the service that tells what this one hears.</summary>
    private async Task<NpgsqlDataSource> UpstreamAsync(string topic)
    {
        var database = Database.Open(await stage.Postgres.NewDatabaseAsync("upstream"), "upstream");
        await new Migrations(NullLogger<Migrations>.Instance).RunAsync(
            database, new(topic, "/upstream/0", 1), typeof(LostRecordTests).Assembly,
            [(RecordSchema)new Asked().Schema], CancellationToken.None);
        return database;
    }

    private static async Task AppendAsync(NpgsqlDataSource upstream, int from, int to)
    {
        await using var connection = await upstream.OpenConnectionAsync();
        for (var i = from; i <= to; i++)
        {
            var now = EventTime.Of(DateTime.UtcNow);
            var asked = ReactorLoopTests.Asked("anna", (long)1 << (i % 20));
            (asked.EventId, asked.OccurredAt) = (Guid.CreateVersion7(), now);
            await EventLog.AppendAsync(connection,
                [new() { EventId = asked.EventId, Key = "anna", Type = ((RecordSchema)asked.Schema).Fullname,
                    OccurredAt = now, Payload = EventCodec.Encode(asked) }], CancellationToken.None);
        }
    }

    private long EndOf(string topic)
    {
        using var consumer =
            new ConsumerBuilder<Ignore, Ignore>(
                new ConsumerConfig { BootstrapServers = stage.Broker.Bootstrap, GroupId = "looks" }).Build();
        return consumer.QueryWatermarkOffsets(new(topic, 0), TimeSpan.FromSeconds(10)).High.Value;
    }

    /// <summary>The real tail of one store, in this process.</summary>
    private sealed class FollowedStore : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly TailerMetrics _metrics;
        private readonly Primary _servers;
        private readonly Task _running;

        public FollowedStore(Stage stage, string connectionString)
        {
            var store = new StoreOptions { Name = "upstream", ConnectionString = connectionString };
            var status = new TailStatus(store.Name, TimeProvider.System);
            _metrics = new([status]);
            _servers = new Primary(connectionString);
            var options = new TailerOptions
            {
                Stores = [store],
                Kafka = new()
                {
                    BootstrapServers = stage.Broker.Bootstrap,
                    InMemory = stage.Broker.IsInMemory,
                    TopicReplicationFactor = 1,
                    MinInSyncReplicas = 1
                },
            };
            var tail = new Tail(store, options, stage.NewSchemaRegistry(), _metrics, status, _servers,
                NullLogger.Instance, TimeProvider.System);
            _running = Task.Run(() => tail.RunAsync(_stop.Token));
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
            await _servers.DisposeAsync();
            _metrics.Dispose();
            _stop.Dispose();
        }
    }
}
