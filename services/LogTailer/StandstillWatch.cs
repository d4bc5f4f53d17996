using Checkout.Chassis.Kafka;
using Confluent.Kafka;

namespace Checkout.LogTailer;

/// <summary>
/// No silence without an end: where the Kafka client has events and acknowledges none of them, while a broker answers another client about the partition
/// they wait for, the client is at fault, whatever the fault is. The session ends, and the next one has a new client.
/// </summary>
public sealed class StandstillWatch(
    KafkaClients kafka, Head head, Publisher publisher, WatchOptions options, TimeProvider time, Action<string?> waits, Action<Exception> fail)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private const int AsksEachLimit = 4;
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);
    /// <summary>For a question that is over by its own time limit.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly TimeSpan _askInterval = options.LongestStandstill / AsksEachLimit;
    private long? _answersSince;
    private long _askedAt;
    private bool _told;

    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stop))
        {
            if (publisher.Standstill.Unanswered < _askInterval) Goes();
            else if (time.GetElapsedTime(_askedAt) >= _askInterval && await StandsAsync())
            {
                var (events, unanswered) = publisher.Standstill;
                fail(new TimeoutException($"{events} events were handed to the Kafka client, and none was acknowledged for {unanswered.TotalSeconds:F0} s, "
                    + $"though the leader of a partition of {head.Topic} that they wait for answers: a new client takes over."));
                return;
            }
        }
    }

    private void Goes()
    {
        _answersSince = null;
        if (_told) waits(null);
        _told = false;
    }

    /// <summary>A leader that answers again after it was away must have done so for as long: the client, too, takes a while to come back.</summary>
    private async Task<bool> StandsAsync()
    {
        _askedAt = time.GetTimestamp();
        if (publisher.WaitingPartition is not { } partition) return false;
        if (await AnswersAsync(partition))
        {
            var since = _answersSince ??= time.GetTimestamp();
            return time.GetElapsedTime(since) > options.LongestStandstill && publisher.Standstill.Unanswered > options.LongestStandstill;
        }
        _answersSince = null;
        if (!_told) waits("no broker answers");
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
