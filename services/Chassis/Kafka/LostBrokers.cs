using System.Text.Json;
using Confluent.Kafka;

namespace Checkout.Chassis.Kafka;

/// <summary>
/// Notices by a client's own statistics that it has no broker left, and gives it its bootstrap servers again.
/// librdkafka comes to that by itself (seen, 2.15.0 and 2.16.0; librdkafka#5301, docs/decisions/0008): a metadata
/// answer that is handled just after the last connection ended cancels the re-bootstrap that this started, and leaves
/// it marked as in progress, so that none ever starts again; an answer with topics and without brokers, as a broker
/// gives while it starts, then makes the client give up all brokers it knows. It asks nobody any more, and says
/// nothing.
/// </summary>
public static class LostBrokers
{
    /// <summary>statistics.interval.ms: how late a client without brokers is noticed.</summary>
    public const int StatisticsIntervalMs = 2_000;

    /// <summary>For a client of Confluent.Kafka, as its statistics handler.</summary>
    /// <param name="told">Called each time that a client had no broker left.</param>
    public static Action<IClient, string> Handler(string bootstrapServers, Action told) => (client, statistics) =>
    {
        if (!Are(JsonDocument.Parse(statistics))) return;
        client.AddBrokers(bootstrapServers);
        told();
    };

    /// <param name="statistics">As librdkafka's STATISTICS.md describes them; disposed of.</param>
    public static bool Are(JsonDocument statistics)
    {
        using (statistics)
            return statistics.RootElement.TryGetProperty("brokers", out var brokers)
                && !brokers.EnumerateObject().Any(broker => CanBeAsked(broker.Value));
    }

    /// <summary>
    /// The internal one is no broker, and a logical one (a group's coordinator) is asked for its group only.
    /// </summary>
    private static bool CanBeAsked(JsonElement broker) =>
        broker.TryGetProperty("source", out var source) && source.GetString() is ("learned" or "configured");
}
