using System.Diagnostics;
using avatarstore.game;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Registry;
using Checkout.Chassis.WireFormat;
using Checkout.Contracts;
using Confluent.Kafka;
using Dapper;
using Npgsql;

namespace Checkout.Faults;

/// <summary>Coins that the game gives for an achievement, told on game.rewards.</summary>
internal sealed record Reward(string Customer, string Achievement, long Coins, TimeSpan At);

/// <summary>
/// The game's server. There is no event store behind game.rewards, so a lost topic stays lost, and the game tells a
/// fact again while it is unsure: here until Balance has it.
/// </summary>
internal sealed class GameServer : IDisposable
{
    private static readonly TimeSpan UnsureAfter = TimeSpan.FromSeconds(1.5);
    private const int MessageTimeoutMs = 3_000;
    /// <summary>
    /// A producer that delivers nothing for so long while it is told to is made anew. librdkafka from 2.13 on loses all
    /// its brokers for ever to a metadata answer with topics but without brokers, as a broker gives while it starts:
    /// they are decommissioned, and the answer's success cancels the re-bootstrap this began, which stays marked as
    /// under way.
    /// </summary>
    private static readonly TimeSpan StuckAfter = TimeSpan.FromSeconds(20);

    private readonly FaultySystem _system;
    private readonly SchemaRegistry _registry;
    private readonly Stopwatch _sinceDelivery = Stopwatch.StartNew();
    private IProducer<string, byte[]> _producer;
    private string _lastError = "";

    public GameServer(FaultySystem system)
    {
        _system = system;
        // The game has a registry of its own that is always well.
        _registry = new(new() { Url = system.Registry.Behind });
        _producer = NewProducer();
    }

    /// <summary>Tells each at its moment, and again while Balance does not have it.</summary>
    public async Task GiveAsync(IEnumerable<Reward> rewards, CancellationToken stop)
    {
        var clock = Stopwatch.StartNew();
        var toldAt = new Dictionary<Reward, TimeSpan>();
        var left = rewards.ToHashSet();
        await Waiting.UntilAsync("every reward is credited", async () =>
        {
            foreach (
                var reward in left.Where(r => r.At <= clock.Elapsed
                    && (!toldAt.TryGetValue(r, out var told) || clock.Elapsed - told > UnsureAfter)).ToList())
            {
                toldAt[reward] = clock.Elapsed;
                await TellAsync(reward, stop);
            }
            left.ExceptWith(await CreditedAsync(left, stop));
            // Those that are not due yet are no fault, so that the patience begins with the last.
            return left.Count == 0 ? null
                : $"{left.Count} are not, such as {left.First().Achievement} of {left.First().Customer}";
        }, stop);
    }

    public static async Task<byte[]> EncodedAsync(SchemaRegistry registry, AchievementCompleted fact,
        CancellationToken stop)
    {
        var schema = (Avro.RecordSchema)fact.Schema;
        var id = await registry.IdOfAsync($"{Topics.GameRewards}-{schema.Fullname}", schema.ToString(), stop);
        return ConfluentFrame.FromSingleObject(EventCodec.Encode(fact), id);
    }

    public void Dispose()
    {
        // Nobody waits for what is still on its way.
        _producer.Dispose();
    }

    private async Task TellAsync(Reward reward, CancellationToken stop)
    {
        var fact = new AchievementCompleted
        {
            EventId = Guid.CreateVersion7(),
            OccurredAt = DateTime.UtcNow,
            CustomerId = reward.Customer,
            AchievementId = reward.Achievement,
            Coins = reward.Coins,
        };
        RenewIfStuck();
        var value = await EncodedAsync(_registry, fact, stop);
        try
        {
            // Whether it arrived, Balance will tell.
            _producer.Produce(Topics.GameRewards,
                new() { Key = reward.Customer, Value = value },
                Delivered);
        }
        catch (ProduceException<string, byte[]> e) when (!e.Error.IsFatal)
        {
            _lastError = $"refused: {e.Error.Reason}";
        }
    }

    private void Delivered(DeliveryReport<string, byte[]> report)
    {
        if (report.Error.IsError) _lastError = report.Error.Reason;
        else _sinceDelivery.Restart();
    }

    private void RenewIfStuck()
    {
        if (_lastError.Length == 0 || _sinceDelivery.Elapsed < StuckAfter) return;
        _system.Say("campaign: the game's producer has delivered nothing for "
            + $"{_sinceDelivery.Elapsed.TotalSeconds:F0} s ({_lastError}) and is made anew");
        _producer.Dispose();
        _producer = NewProducer();
        _lastError = "";
        _sinceDelivery.Restart();
    }

    private IProducer<string, byte[]> NewProducer() => new ProducerBuilder<string, byte[]>(new ProducerConfig
    {
        BootstrapServers = _system.Local.Broker.Bootstrap,
        LingerMs = 0,
        MessageTimeoutMs = MessageTimeoutMs,
        Partitioner = Partitioner.Murmur2Random,
        TopicMetadataRefreshIntervalMs = 1_000,
        ReconnectBackoffMaxMs = 1_000,
    }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();

    private async Task<List<Reward>> CreditedAsync(IReadOnlyCollection<Reward> rewards, CancellationToken stop)
    {
        try
        {
            await using var balance = await _system.OpenAsync("balance", stop);
            var credited = (await balance.QueryAsync<(string, string)>(
                "SELECT customer_id, reference FROM credits WHERE customer_id = ANY(@customers)",
                new { customers = rewards.Select(r => r.Customer).ToArray() })).ToHashSet();
            return [.. rewards.Where(r => credited.Contains((r.Customer, r.Achievement)))];
        }
        catch (NpgsqlException)
        {
            return [];
        }
    }
}
