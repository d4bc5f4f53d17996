using System.Collections.Concurrent;
using Confluent.Kafka;

namespace Checkout.Chassis.Kafka;

/// <summary>
/// Notices that a topic was deleted and made anew while it is read: the same name, another id. A consumer does not
/// always (seen with librdkafka 2.16.0: it was assigned the new topic's partitions and never fetched from them), and
/// offsets of the old topic mean nothing on the new one. Notices in passing whether this user may read the topics: a
/// consumer says once that it may not, and nothing when it may again.
/// </summary>
internal sealed class RemadeTopics : IDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(5);

    private readonly IReadOnlyList<string> _topics;
    private readonly Action<string, bool> _readable;
    private readonly TopicDescriptions _descriptions;
    private readonly Dictionary<string, string> _ids = [];
    private readonly ConcurrentQueue<string> _remade = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;

    /// <param name="readable">Told of each topic, every time it is asked for, whether it may be read.</param>
    public RemadeTopics(KafkaOptions kafka, IEnumerable<string> topics, Action<string, bool> readable)
    {
        (_topics, _readable) = ([.. topics], readable);
        _descriptions = new(kafka.Admin());
        // The in-memory broker's topics have no ids, and end with it.
        _watching = kafka.InMemory ? Task.CompletedTask : Task.Run(WatchAsync);
    }

    /// <summary>The topics made anew since this was asked before.</summary>
    public IReadOnlyList<string> Take()
    {
        if (_remade.IsEmpty) return [];
        var taken = new List<string>();
        while (_remade.TryDequeue(out var topic)) taken.Add(topic);
        return taken;
    }

    public void Dispose()
    {
        _stop.Cancel();
        _watching.GetAwaiter().GetResult();
        _descriptions.Dispose();
        _stop.Dispose();
    }

    private async Task WatchAsync()
    {
        try
        {
            for (; ; await Task.Delay(Interval, _stop.Token))
                foreach (var topic in await DescribeAsync())
                {
                    _readable(topic.Name, topic.MayBeRead);
                    if (topic.Error != ErrorCode.NoError) continue;
                    if (_ids.TryGetValue(topic.Name, out var known) && known != topic.Id) _remade.Enqueue(topic.Name);
                    _ids[topic.Name] = topic.Id;
                }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
    }

    private async Task<IReadOnlyList<DescribedTopic>> DescribeAsync()
    {
        try
        {
            return await _descriptions.AskAsync(_topics, RequestTimeout);
        }
        catch (KafkaException)
        {
            // The brokers are away.
            return [];
        }
    }
}
