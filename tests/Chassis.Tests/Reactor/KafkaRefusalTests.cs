using Checkout.Chassis.Kafka;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Xunit;

namespace Checkout.Chassis.Tests.Reactor;

/// <summary>A right that is missing at a real Kafka is said, and the service goes on when it is granted.</summary>
public sealed class KafkaRefusalTests(Stage stage, SecuredKafka kafka) : IClassFixture<SecuredKafka>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("topic")]
    [InlineData("group")]
    [InlineData("password")]
    public async Task What_Kafka_refuses_is_said_in_health_and_log_and_work_goes_on_when_it_is_granted(string missing)
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        await kafka.StartedAsync([world.Chain.Topic, world.Facts]);
        var user = world.Service;
        var rights = KafkaRights.OfService(world.Service, world.Table.Read).ToList();
        await kafka.MakeAsync(user, rights.Where(right => missing switch
        {
            "topic" => right.Name != world.Chain.Topic,
            "group" => right.On != ResourceType.Group,
            _ => true,
        }));
        var instance = await world.StartInstanceAsync(settings =>
        {
            settings.Bootstrap = kafka.Bootstrap;
            foreach (var (name, value) in kafka.Client(user))
                settings.Client[name] = missing == "password" && name == "sasl.password" ? "wrong" : value;
        });
        var sentence = missing switch
        {
            "topic" => $"Kafka does not let this user read the topic {world.Chain.Topic}: allow READ",
            "group" => $"Kafka does not let this user join the group {world.Service}: allow READ",
            _ => "Kafka does not let this process in (",
        };
        await Eventually.Until(async () => (await HealthAsync(instance)).Contains(sentence, StringComparison.Ordinal),
            $"health says: {sentence}", Patience);
        Assert.Equal(1, instance.Lines.Count(sentence));
        await TellAsync(world, "anna");

        await kafka.MakeAsync(user, rights, missing == "password" ? "wrong" : null);
        await Eventually.Until(async () => (await world.TotalsAsync()).GetValueOrDefault("anna") == 5,
            "what was told is handled", Patience);
        await Eventually.Until(async () => !(await HealthAsync(instance)).Contains(sentence, StringComparison.Ordinal),
            "health does not say it any more", Patience);
    }

    [Fact]
    public async Task A_topic_that_is_only_followed_is_missed_in_health_too_and_holds_nothing_up()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        await kafka.StartedAsync([world.Chain.Topic, world.Facts, world.Table.Topic]);
        await kafka.MakeAsync(world.Service, KafkaRights.OfService(world.Service, world.Table.Topics));
        var instance = await world.StartInstanceAsync(settings =>
        {
            settings.FollowsOwnTopic = true;
            settings.Bootstrap = kafka.Bootstrap;
            foreach (var (name, value) in kafka.Client(world.Service)) settings.Client[name] = value;
        });
        var sentence = $"Kafka does not let this user read the topic {world.Table.Topic}: allow READ";
        await Eventually.Until(async () => (await HealthAsync(instance)).Contains(sentence, StringComparison.Ordinal),
            $"health says: {sentence}", Patience);
        await TellAsync(world, "anna");
        await Eventually.Until(async () => (await world.TotalsAsync()).GetValueOrDefault("anna") == 5,
            "what was told is handled", Patience);
    }

    private async Task TellAsync(World world, string name)
    {
        var record = await world.Chain.NumberAsync(ReactorLoopTests.Asked(name, 5));
        using var producer = new ProducerBuilder<string, byte[]>(new ProducerConfig(kafka.Client("admin")))
            .SetLogHandler((_, _) => { }).Build();
        var headers = new Headers();
        foreach (var (header, value) in record.Headers) headers.Add(header, System.Text.Encoding.UTF8.GetBytes(value));
        await producer.ProduceAsync(new TopicPartition(world.Chain.Topic, 0),
            new() { Key = record.Key, Value = record.Value!, Headers = headers });
    }

    private static async Task<string> HealthAsync(Instance instance) =>
        (await instance.State.CheckHealthAsync(new(), TestContext.Current.CancellationToken)).Description ?? "";
}
