using Checkout.Chassis.EventStore;
using Checkout.Chassis.Kafka;
using Confluent.Kafka;
using Npgsql;

namespace Checkout.Chassis.Refilling;

/// <summary>
/// What an operator's command asks before it appends. Who serves watches its store (<see cref="StoreWatch"/>); a
/// command ends before it would notice, and what it appended to an older database would be set aside.
/// </summary>
/// <param name="service">Its name, as its program has it.</param>
public sealed class BeforeAppending(NpgsqlDataSource database, OwnTopic topic, EventStoreOptions store, string service)
{
    /// <summary>Of all partitions of the topic.</summary>
    public static readonly TimeSpan LongestAnswer = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Why nothing may be appended, as an operator reads it; null where it may, also where there is no topic yet.
    /// </summary>
    public async Task<string?> RefusalAsync(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(LongestAnswer);
        IReadOnlyList<TopicEvent> last;
        try
        {
            last = await Blocking.RunAsync(() => topic.Last(limit.Token));
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested
            && e is KafkaException or TimeoutException or OperationCanceledException)
        {
            return $"Kafka does not say whether the store has what {store.Topic} holds ({e.Message}): what is appended "
                + "to a store that is behind its topic is set aside later. Give it again when Kafka answers, or, where "
                + "you know that this database is no older one, with --without-kafka.";
        }
        return await BehindAsync(last, cancellation) is { } behind
            ? $"The store is behind its topic: {behind}. It was lost, restored or promoted too early, and nothing is "
                + $"appended until it is completed from its topic: {StoreComparison.CommandOf(service)}"
            : null;
    }

    private async Task<string?> BehindAsync(IReadOnlyList<TopicEvent> last, CancellationToken cancellation)
    {
        try
        {
            return await StoreComparison.BehindAsync(database, store.Topic, last, cancellation);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            return $"{store.Topic} holds events, and the database has not even the tables ({e.MessageText})";
        }
    }
}
