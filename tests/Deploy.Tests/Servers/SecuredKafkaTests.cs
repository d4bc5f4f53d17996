using System.Text;
using Checkout.Balance;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.Kafka;
using Checkout.Fixtures;
using Checkout.Inventory;
using Checkout.Servers;
using Checkout.Store;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Xunit;

namespace Checkout.Deploy.Tests.Servers;

/// <summary>A released Kafka over SASL and TLS, with the rights that follow from the choreographies.</summary>
public sealed class SecuredKafkaTests(SecuredKafka kafka) : IClassFixture<SecuredKafka>
{
    private const string Game = "game.rewards";

    private static readonly string[] Stores =
        [StoreChoreography.Table.Topic, BalanceChoreography.Table.Topic, InventoryChoreography.Table.Topic];

    public static readonly TheoryData<string> Users = ["store", "balance", "inventory", "logtailer", "game"];

    [Theory]
    [MemberData(nameof(Users))]
    public async Task Each_user_writes_and_reads_what_it_is_there_for_and_nothing_more(string user)
    {
        await kafka.StartedAsync(Stores.Append(Game));
        await kafka.MakeAsync(user, RightsOf(user));
        string[] written = user switch { "logtailer" => Stores, "game" => [Game], _ => [] };
        string[] read = user switch
        {
            "store" => [.. StoreChoreography.Table.Read],
            "balance" => [.. BalanceChoreography.Table.Read],
            "inventory" => [.. InventoryChoreography.Table.Read],
            "logtailer" => Stores,
            _ => [],
        };
        foreach (var topic in Stores.Append(Game))
        {
            Assert.Equal((topic, written.Contains(topic)), (topic, await MayWriteAsync(user, topic)));
            Assert.Equal((topic, read.Contains(topic)), (topic, await MayReadAsync(user, topic)));
        }
    }

    [Fact]
    public async Task The_tailer_makes_the_topics_of_the_stores_and_no_other()
    {
        await kafka.StartedAsync([]);
        var topic = BrokerFixture.NewName("store");
        await kafka.MakeAsync("maker", KafkaRights.OfTailer([topic]));
        await kafka.MakeAsync("reader", KafkaRights.OfService("reader", [topic]));
        await RefusedAsync(() => CreateAsync("reader", topic));
        await CreateAsync("maker", topic);
        await RefusedAsync(() => CreateAsync("maker", BrokerFixture.NewName("another")));
        await RefusedAsync(() => kafka.AdminOf("maker").DeleteTopicsAsync([topic]));
    }

    [Fact]
    public async Task A_service_is_a_member_of_its_own_group_alone()
    {
        await kafka.StartedAsync(Stores);
        await kafka.MakeAsync("store", RightsOf("store"));
        Assert.Equal(ErrorCode.NoError, await JoinAsync("store", "store"));
        Assert.Equal(ErrorCode.GroupAuthorizationFailed, await JoinAsync("store", "balance"));
    }

    [Fact]
    public async Task Who_has_no_password_the_wrong_one_or_no_TLS_is_not_let_in()
    {
        await kafka.StartedAsync([]);
        await kafka.MakeAsync("known", []);
        Assert.True(IsLetIn(kafka.Client("known")));
        Assert.False(IsLetIn(new(kafka.Client("known")) { ["sasl.password"] = "wrong" }));
        Assert.False(IsLetIn(new(kafka.Client("known")) { ["sasl.username"] = "unknown" }));
        Assert.False(IsLetIn(new(kafka.Client("known")) { ["security.protocol"] = "SASL_PLAINTEXT" }));
        Assert.False(IsLetIn(new() { ["security.protocol"] = "PLAINTEXT", ["bootstrap.servers"] = kafka.Bootstrap }));
        var other = LocalAuthority.In(kafka.Folder["other"]);
        Assert.False(IsLetIn(new(kafka.Client("known")) { ["ssl.ca.location"] = other.Certificate }));
        // The administrator's way in is not one for others.
        Assert.False(IsLetIn(new(kafka.Client("known")) { ["sasl.mechanism"] = "PLAIN" }));
    }

    [Fact]
    public async Task A_password_is_changed_and_rights_that_are_not_declared_any_more_are_taken()
    {
        await kafka.StartedAsync([Game]);
        await kafka.MakeAsync("changing", KafkaRights.OfTeller(Game));
        var before = kafka.Client("changing");
        Assert.True(await MayWriteAsync("changing", Game));
        await kafka.MakeAsync("changing", KafkaRights.OfService("changing", [Game]), "another ;'\"\\ one");
        Assert.False(IsLetIn(before));
        Assert.False(await MayWriteAsync("changing", Game));
        Assert.True(await MayReadAsync("changing", Game));
    }

    private static IEnumerable<KafkaRight> RightsOf(string user) => user switch
    {
        "store" => Of(StoreChoreography.Table),
        "balance" => Of(BalanceChoreography.Table),
        "inventory" => Of(InventoryChoreography.Table),
        "logtailer" => KafkaRights.OfTailer(Stores),
        _ => KafkaRights.OfTeller(Game),
    };

    private static IEnumerable<KafkaRight> Of<TRows>(Choreography<TRows> table) =>
        KafkaRights.OfService(table.Service, table.Read);

    private async Task<bool> MayWriteAsync(string user, string topic)
    {
        using var producer = new ProducerBuilder<string, byte[]>(new ProducerConfig(kafka.Client(user).ToDictionary())
        { EnableIdempotence = true, MessageTimeoutMs = 20_000 }).SetLogHandler((_, _) => { })
            .SetErrorHandler((_, _) => { }).Build();
        try
        {
            await producer.ProduceAsync(topic, new() { Key = user, Value = Encoding.UTF8.GetBytes(user) });
            return true;
        }
        catch (ProduceException<string, byte[]> e) when (e.Error.Code is ErrorCode.TopicAuthorizationFailed
            or ErrorCode.ClusterAuthorizationFailed or ErrorCode.Local_Fatal or ErrorCode.Local_PurgeQueue)
        {
            return false;
        }
    }

    /// <summary>By its own hand, and so without a group.</summary>
    private async Task<bool> MayReadAsync(string user, string topic)
    {
        // There is something to read.
        using (var producer = new ProducerBuilder<Null, string>(new ProducerConfig(kafka.Client("admin")))
            .SetLogHandler((_, _) => { }).Build())
            await producer.ProduceAsync(new TopicPartition(topic, 0), new() { Value = "to be read" });
        using var consumer = kafka.Consumer(user, group: user);
        // Of a topic that may not even be described a consumer says nothing.
        using (var admin = kafka.AdminOf(user))
            if (admin.GetMetadata(topic, TimeSpan.FromSeconds(20)).Topics[0].Error.Code
                == ErrorCode.TopicAuthorizationFailed) return false;
        consumer.Assign(new TopicPartitionOffset(topic, 0, Offset.Beginning));
        for (var deadline = DateTime.UtcNow + TimeSpan.FromSeconds(20); DateTime.UtcNow < deadline;)
            try
            {
                if (consumer.Consume(TimeSpan.FromMilliseconds(100)) is not null) return true;
            }
            catch (ConsumeException e) when (e.Error.Code == ErrorCode.TopicAuthorizationFailed)
            {
                return false;
            }
            catch (ConsumeException e) when (e.Error.Code == ErrorCode.GroupAuthorizationFailed)
            {
                // It is asked for its coordinator all the same.
            }
        throw new TimeoutException($"{user} neither reads {topic} nor is refused");
    }

    private async Task<ErrorCode> JoinAsync(string user, string group)
    {
        using var consumer = kafka.Consumer(user, group);
        consumer.Subscribe(StoreChoreography.Table.Topics);
        for (var deadline = DateTime.UtcNow + TimeSpan.FromSeconds(30); DateTime.UtcNow < deadline; await Task.Yield())
            try
            {
                consumer.Consume(TimeSpan.FromMilliseconds(100));
                if (consumer.Assignment.Count > 0) return ErrorCode.NoError;
            }
            catch (ConsumeException e)
            {
                return e.Error.Code;
            }
        throw new TimeoutException($"{user} is neither in {group} nor refused");
    }

    private async Task CreateAsync(string user, string topic)
    {
        using var admin = kafka.AdminOf(user);
        await admin.CreateTopicsAsync([new() { Name = topic, NumPartitions = 1, ReplicationFactor = 1 }]);
    }

    private static async Task RefusedAsync(Func<Task> act)
    {
        var refused = await Assert.ThrowsAnyAsync<KafkaException>(act);
        Assert.Contains("authorization", refused.Message, StringComparison.OrdinalIgnoreCase);
    }

    private static bool IsLetIn(Dictionary<string, string> client)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig(client)).SetLogHandler((_, _) => { })
            .SetErrorHandler((_, _) => { }).Build();
        try
        {
            return admin.GetMetadata(TimeSpan.FromSeconds(3)).Brokers.Count > 0;
        }
        catch (KafkaException)
        {
            return false;
        }
    }
}
