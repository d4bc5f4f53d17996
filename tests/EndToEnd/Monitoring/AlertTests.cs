using System.Text;
using Checkout.Contracts;
using Checkout.EndToEnd.Http;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Checkout.Servers;
using Confluent.Kafka;
using Dapper;
using Npgsql;
using Xunit;

namespace Checkout.EndToEnd.Monitoring;

/// <summary>
/// Faults strike a running system one by one, and each raises its own alert, which is over when the fault is.
/// </summary>
public sealed class AlertTests(MonitoredSystem monitored) : IClassFixture<MonitoredSystem>
{
    /// <summary>Of each topic of a local system.</summary>
    private const int Partitions = 12;
    /// <summary>More than others post in a minute.</summary>
    private const int HeldUp = 60;
    private const string Page = "(page)";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_frozen_service_is_down_posts_are_refused_and_what_it_held_up_ends_late()
    {
        var (system, prometheus) = await monitored.StartedAsync();
        await QuietAsync(prometheus, "ServiceDown", "PostsRefused", "CheckoutsLate");
        system["balance"].Signal("STOP");
        try
        {
            await Task.WhenAll(Enumerable.Range(0, HeldUp).Select(async i =>
            {
                using var answer = await system.Game.PostAsync(Players.NewName(), "gorilla", $"held up {i}", Cancel);
            }));
            await prometheus.FiresAsync($"ServiceDown {Page}");
            await prometheus.FiresAsync($"PostsRefused {Page}");
        }
        finally
        {
            system["balance"].Signal("CONT");
        }
        await prometheus.FiresAsync($"CheckoutsLate {Page}");
        await QuietAsync(prometheus, "ServiceDown", "PostsRefused", "CheckoutsLate");
    }

    [Fact]
    public async Task A_database_that_is_away_fails_posts_and_is_down()
    {
        var (system, prometheus) = await monitored.StartedAsync();
        await QuietAsync(prometheus, "ServiceDown", "PostsFail");
        await AdminAsync(system, """
            ALTER DATABASE store ALLOW_CONNECTIONS false;
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'store'
            """);
        try
        {
            await prometheus.FiresAsync($"PostsFail {Page}");
            await prometheus.FiresAsync($"ServiceDown {Page}");
        }
        finally
        {
            await AdminAsync(system, "ALTER DATABASE store ALLOW_CONNECTIONS true");
        }
        await QuietAsync(prometheus, "ServiceDown", "PostsFail");
    }

    [Fact]
    public async Task An_event_that_is_parked_is_told_and_so_is_the_checkout_that_waits_behind_it()
    {
        var (system, prometheus) = await monitored.StartedAsync();
        await QuietAsync(prometheus, "EventsParked", "CheckoutsStuck");
        var customer = await system.Game.NewAsync(coins: 500);
        await SqlAsync(system, "balance", """
            INSERT INTO parked (topic, partition, position, key, headers, reason, blocks)
            VALUES ('store.checkouts', 0, -1, @customer, '{}', 'of a test', true)
            """, new { customer });
        var checkout = await system.Game.BuyAsync(customer, "gorilla", "k", Cancel);
        await prometheus.FiresAsync($"EventsParked {Page}");
        await prometheus.FiresAsync($"CheckoutsStuck {Page}");

        foreach (var arguments in new string[][]
            { ["discard", "--reason", "of a test"], ["redrive", "--key", customer] })
        {
            var (code, said) = await system.RunAsync("balance", [.. arguments, "--who", "test", "--why", "mended"]);
            Assert.True(code == 0, said);
        }
        var ended = await system.Game.EndOfAsync(customer, checkout);
        Assert.Equal("completed", ended.State);
        await QuietAsync(prometheus, "EventsParked", "CheckoutsStuck");
    }

    [Fact]
    public async Task A_service_that_can_not_handle_what_it_reads_is_told()
    {
        var (system, prometheus) = await monitored.StartedAsync();
        await QuietAsync(prometheus, "HandlingStands");
        await SqlAsync(system, "balance", "ALTER TABLE accounts RENAME TO accounts_away");
        try
        {
            await prometheus.FiresAsync($"HandlingStands {Page}");
            var ready = await Answer.GetAsync($"{system.Addresses.Balance}/health/ready");
            Assert.Equal((200, "Degraded"), (ready.Status, ready.Json.GetProperty("status").GetString()));
        }
        finally
        {
            await SqlAsync(system, "balance", "ALTER TABLE accounts_away RENAME TO accounts");
        }
        await QuietAsync(prometheus, "HandlingStands");
    }

    [Fact]
    public async Task A_store_that_lacks_what_its_topic_has_is_not_published_and_told()
    {
        var (system, prometheus) = await monitored.StartedAsync();
        await QuietAsync(prometheus, "PublicationStands");
        await system["logtailer"].StopAsync();
        // The last event of each partition is kept aside: whichever the topic has last is not in the store.
        await SqlAsync(system, "inventory", """
            CREATE TABLE aside AS SELECT * FROM events WHERE position IN
                (SELECT max(position) FROM events GROUP BY partition);
            DELETE FROM events WHERE position IN (SELECT position FROM aside)
            """);
        try
        {
            await system["logtailer"].StartAsync();
            await prometheus.FiresAsync($"PublicationStands {Page}");
        }
        finally
        {
            await SqlAsync(system, "inventory", "INSERT INTO events SELECT * FROM aside; DROP TABLE aside");
        }
        await system["logtailer"].StopAsync();
        await system["logtailer"].StartAsync();
        await QuietAsync(prometheus, "PublicationStands");
    }

    [Fact]
    public async Task Brokers_that_are_silent_are_told_and_so_is_the_log_that_is_kept_meanwhile()
    {
        var (system, prometheus) = await monitored.StartedAsync();
        if (system.Local.Broker is not KafkaServer kafka)
            throw Prerequisite.Missing("kafka", "librdkafka's in-memory broker can't be frozen.");
        await QuietAsync(prometheus, "KafkaSilent", "LogRetained");
        kafka.Signal("STOP");
        try
        {
            await prometheus.FiresAsync($"KafkaSilent {Page}");
            await SqlAsync(system, "store",
                "SELECT pg_logical_emit_message(false, 'test', repeat('x', 1000000)) FROM generate_series(1, 300)");
            await prometheus.FiresAsync("LogRetained (ticket)");
        }
        finally
        {
            kafka.Signal("CONT");
        }
        await QuietAsync(prometheus, "KafkaSilent", "LogRetained");
    }

    [Fact]
    public async Task A_forged_record_violates_the_audit_until_somebody_settles_it()
    {
        var (system, prometheus) = await monitored.StartedAsync();
        await QuietAsync(prometheus, "AuditViolated");
        using (var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig
        {
            BootstrapServers = system.Addresses.BootstrapServers,
        }).Build())
        {
            var (partition, record) = FirstOfMany(system, Topics.BalanceAccounts);
            record.Headers.Remove("ce_id");
            record.Headers.Add("ce_id", Encoding.UTF8.GetBytes($"{Guid.NewGuid()}"));
            await producer.ProduceAsync(partition, record, Cancel);
        }
        await prometheus.FiresAsync($"AuditViolated {Page}");
        var violations = (await Answer.GetAsAsync("support", system.Addresses.Observer + "/violations")).Json
            .GetProperty("violations").EnumerateArray().ToList();
        Assert.Contains(violations, v => v.GetProperty("kind").GetString() == "other-event-at-position");
        foreach (var url in violations.Select(violation =>
            $"{system.Addresses.Observer}/violations/{violation.GetProperty("id").GetInt64()}/settle"))
            Assert.Equal(200, (await Answer.PostAsync(url, """{"why":"a drill"}""", customer: null, key: null, more:
                KeyValuePair.Create("Authorization", $"Bearer {Answer.TokenOf(url, "sre-1", "support")}"))).Status);
        await QuietAsync(prometheus, "AuditViolated");
    }

    [Fact]
    public async Task A_balance_that_somebody_changed_by_hand_violates_the_audit_until_it_is_made_again()
    {
        var (system, prometheus) = await monitored.StartedAsync();
        await QuietAsync(prometheus, "AuditViolated");
        var customer = await system.Game.NewAsync(coins: 500);
        await SqlAsync(system, "balance", "UPDATE accounts SET coins = 1000500 WHERE customer_id = @customer",
            new { customer });
        await prometheus.FiresAsync($"AuditViolated {Page}");
        Assert.Contains(customer, (await Answer.GetAsync($"{system.Addresses.Balance}/health/ready")).Text,
            StringComparison.Ordinal);

        var (code, said) = await system.RunAsync("balance", system.Local.OwnerEnvironment("balance"), "rebuild",
            "--replace", "--who", "sre-1", "--why", "changed by hand");
        Assert.True(code == 0, said);
        Assert.Equal(500, await system.Game.CoinsAsync(customer, Cancel));
        await QuietAsync(prometheus, "AuditViolated");
    }

    [Fact]
    public async Task An_audit_that_does_not_move_is_told()
    {
        var (system, prometheus) = await monitored.StartedAsync();
        await QuietAsync(prometheus, "AuditStands");
        await using (var connection = new NpgsqlConnection(system.Local.Postgres.ConnectionString("observer")))
        {
            await connection.OpenAsync(Cancel);
            await using var transaction = await connection.BeginTransactionAsync(Cancel);
            await connection.ExecuteAsync("LOCK TABLE audit IN ACCESS EXCLUSIVE MODE", transaction: transaction);
            await prometheus.FiresAsync("AuditStands (ticket)");
        }
        await QuietAsync(prometheus, "AuditStands");
    }

    /// <summary>
    /// Of the partition that has most: services have handled others since, and drop this one as seen.
    /// </summary>
    private static (TopicPartition Partition, Message<byte[], byte[]> Record) FirstOfMany(TestSystem system,
        string topic)
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
        {
            BootstrapServers = system.Addresses.BootstrapServers,
            GroupId = "a drill",
            EnableAutoCommit = false,
        }).Build();
        var longest = Enumerable.Range(0, Partitions).Select(p => new TopicPartition(topic, p))
            .MaxBy(p => consumer.QueryWatermarkOffsets(p, TimeSpan.FromSeconds(30)).High.Value)!;
        consumer.Assign(new TopicPartitionOffset(longest, Offset.Beginning));
        var first = consumer.Consume(TimeSpan.FromSeconds(60));
        return (first.TopicPartition, first.Message);
    }

    private static async Task QuietAsync(PrometheusServer prometheus, params string[] alerts)
    {
        foreach (var alert in alerts)
            foreach (var severity in new[] { "page", "ticket" }) await prometheus.EndsAsync($"{alert} ({severity})");
    }

    private static Task AdminAsync(TestSystem system, string sql) => SqlAsync(system, "postgres", sql);

    private static async Task SqlAsync(TestSystem system, string database, string sql, object? parameters = null)
    {
        await using var connection = new NpgsqlConnection(
            // One in a pool may have been ended by a fault.
            system.Local.Postgres.ConnectionString(database) + ";Pooling=false");
        await connection.ExecuteAsync(sql, parameters, commandTimeout: 60);
    }
}
