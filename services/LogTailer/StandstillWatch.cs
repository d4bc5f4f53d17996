using Checkout.Chassis.Kafka;
using Confluent.Kafka;

namespace Checkout.LogTailer;

/// <summary>
/// No silence without an end: where the Kafka client has events and acknowledges none of them, while a broker answers another client about the partition
/// they wait for, the client is at fault, whatever the fault is. The session ends, and the next one has a new client.
/// </summary>
public sealed class StandstillWatch(KafkaClients kafka, Head head, Publisher publisher, WatchOptions options, Action<string?> waits, Action<Exception> fail)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);
    /// <summary>For a question that is over by its own time limit.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    public async Task RunAsync(CancellationToken stop)
    {
        var told = false;
        using var timer = new PeriodicTimer(Interval);
        while (await timer.WaitForNextTickAsync(stop))
        {
            var (events, unanswered) = publisher.Standstill;
            var stands = unanswered > options.LongestStandstill;
            if (stands && publisher.WaitingPartition is { } partition && await AnswersAsync(partition))
            {
                fail(new TimeoutException($"{events} events were handed to the Kafka client, and none was acknowledged for {unanswered.TotalSeconds:F0} s, "
                    + $"though the leader of {head.Topic} partition {partition} answers: a new client takes over."));
                return;
            }
            if (stands == told) continue;
            told = stands;
            waits(stands ? "no broker answers" : null);
        }
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
