using Checkout.Chassis.Kafka;
using Checkout.LogTailer.Source;
using Confluent.Kafka;

namespace Checkout.LogTailer.Sink.InMemory;

/// <summary>
/// The in-memory broker (librdkafka 2.16.0) makes topics of 4 partitions and serves neither CreateTopics nor
/// DescribeConfigs: whoever runs it makes the topics.
/// </summary>
public sealed class InMemoryTopic(IAdminClient admin) : ITopic
{
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AppearanceInterval = TimeSpan.FromMilliseconds(200);

    public async Task EnsureAsync(Head head, Action<string> waiting, CancellationToken stop)
    {
        while (true)
        {
            if (await PartitionsAsync(head.Topic) is { } partitions)
            {
                ITopic.MustMatch(head, partitions);
                return;
            }
            waiting($"topic {head.Topic} is not on the in-memory broker yet: whoever runs the broker makes it, with "
                + $"{head.Partitions} partitions");
            await Task.Delay(AppearanceInterval, stop);
        }
    }

    public async Task<int?> PartitionsAsync(string topic) =>
        (await Blocking.RunAsync(() => admin.GetMetadata(RequestTimeout)))
            .Topics.Find(t => t.Topic == topic && t.Partitions.Count > 0)?.Partitions.Count;
}
