using Checkout.Chassis.Kafka;
using Checkout.LogTailer.Source;
using Confluent.Kafka;

namespace Checkout.LogTailer.Sink;

/// <summary>
/// No silence without an end: where the oldest event that the Kafka client has is not acknowledged, while the leader of
/// its partition answers another client, the client is at fault, whatever the fault is, also where it serves other
/// partitions. The session ends, and the next one has a new client.
/// </summary>
public sealed class StandstillWatch(
    KafkaClients kafka, Head head, Publisher publisher, WatchOptions options, TimeProvider time,
    Action<string?> waiting)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private const int AsksEachLimit = 4;
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);
    /// <summary>For a question that is over by its own time limit.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly TimeSpan _askInterval = options.LongestStandstill / AsksEachLimit;
    private long _oldest;
    private long _oldestSince;
    private long? _answersSince;
    private long _askedAt;
    private bool _told;

    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stop))
        {
            var oldest = publisher.Oldest;
            if (oldest is null || oldest.Position != _oldest) Begin(oldest);
            else if (time.GetElapsedTime(_oldestSince) is var waits && waits > _askInterval
                && await StandsAsync(oldest, waits))
                throw new TimeoutException($"{publisher.Outstanding} events were handed to the Kafka client, and the "
                    + $"oldest was not acknowledged for {waits.TotalSeconds:F0} s, though the leader of {head.Topic} "
                    + $"partition {oldest.Partition} answers: a new client takes over.");
        }
    }

    private void Begin(StoredEvent? oldest)
    {
        (_oldest, _oldestSince, _answersSince) = (oldest?.Position ?? 0, time.GetTimestamp(), null);
        if (_told) waiting(null);
        _told = false;
    }

    /// <summary>
    /// A leader that answers again after it was away must have done so for as long: the client, too, takes a while to
    /// come back.
    /// </summary>
    private async Task<bool> StandsAsync(StoredEvent oldest, TimeSpan waits)
    {
        if (time.GetElapsedTime(_askedAt) < _askInterval) return false;
        _askedAt = time.GetTimestamp();
        if (await AnswersAsync(oldest.Partition))
        {
            var since = _answersSince ??= time.GetTimestamp();
            return waits > options.LongestStandstill && time.GetElapsedTime(since) > options.LongestStandstill;
        }
        _answersSince = null;
        if (!_told) waiting("no broker answers");
        _told = true;
        return false;
    }

    private async Task<bool> AnswersAsync(int partition)
    {
        try
        {
            await Blocking.RunAsync(() => Ask(partition)).WaitAsync(AnswerTimeout + Grace);
            return true;
        }
        catch (Exception e) when (e is KafkaException or TimeoutException)
        {
            return false;
        }
    }

    private void Ask(int partition)
    {
        using var client = kafka.Consumer();
        client.QueryWatermarkOffsets(new(head.Topic, partition), AnswerTimeout);
    }
}
