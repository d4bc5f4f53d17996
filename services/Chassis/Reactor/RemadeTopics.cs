using System.Collections.Concurrent;
using Checkout.Chassis.Kafka;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Checkout.Chassis.Reactor;

/// <summary>
/// Notices that a topic was deleted and made anew while it is read: the same name, another id. A consumer does not always (seen with librdkafka 2.16.0: it was assigned the new topic's partitions
/// and never fetched from them), and offsets of the old topic mean nothing on the new one.
/// </summary>
internal sealed class RemadeTopics : IDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(5);

    private readonly IReadOnlyList<string> _topics;
    private readonly Func<IAdminClient> _newAdmin;
    private readonly Dictionary<string, string> _ids = [];
    private readonly ConcurrentQueue<string> _remade = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;
    private IAdminClient _admin;

    public RemadeTopics(KafkaOptions kafka, IEnumerable<string> topics, Action<LogMessage> log)
    {
        _topics = [.. topics];
        _newAdmin = () => new AdminClientBuilder(kafka.Admin()).SetLogHandler((_, message) => log(message)).SetErrorHandler((_, _) => { }).Build();
        _admin = _newAdmin();
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
        _admin.Dispose();
        _stop.Dispose();
    }

    private async Task WatchAsync()
    {
        try
        {
            for (; ; await Task.Delay(Interval, _stop.Token))
                foreach (var topic in await DescribeAsync())
                {
                    if (topic.Error.IsError) continue;
                    var id = topic.TopicId.ToString();
                    if (_ids.TryGetValue(topic.Name, out var known) && known != id) _remade.Enqueue(topic.Name);
                    _ids[topic.Name] = id;
                }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
    }

    private async Task<IReadOnlyList<TopicDescription>> DescribeAsync()
    {
        try
        {
            return (await _admin.DescribeTopicsAsync(TopicCollection.OfTopicNames(_topics), new() { RequestTimeout = RequestTimeout }).AnsweredAsync(RequestTimeout)).TopicDescriptions;
        }
        catch (DescribeTopicsException e)
        {
            // Some are not there; the others are told.
            return e.Results.TopicDescriptions;
        }
        catch (KafkaException)
        {
            // The brokers are away.
            return [];
        }
        catch (TimeoutException)
        {
            // This client answers nothing any more, and might never end: it is left to itself.
            _ = Task.Run(_admin.Dispose);
            _admin = _newAdmin();
            return [];
        }
    }
}
