using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Checkout.Chassis.Kafka;

/// <summary>
/// Where the partitions end that this instance reads, asked now and then by a client of its own, so that it does not
/// share the consumer's fate.
/// </summary>
internal sealed class AskedEnds : IDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(3);
    /// <summary>For a request that is over by its own time limit.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private readonly KafkaOptions _kafka;
    private readonly TimeProvider _time;
    private readonly TimeSpan _interval;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _asking;
    private volatile IReadOnlyList<TopicPartition> _wanted = [];
    private Answer? _answer;
    private IAdminClient? _admin;

    /// <param name="interval">Between two questions; <see cref="Interval"/> where it is not given.</param>
    public AskedEnds(KafkaOptions kafka, TimeProvider time, TimeSpan? interval = null)
    {
        (_kafka, _time, _interval) = (kafka, time, interval ?? Interval);
        _asking = Task.Run(AskAsync);
    }

    /// <param name="AskedAt">A monotonic timestamp from before the question.</param>
    public sealed record Answer(IReadOnlyList<KeyValuePair<TopicPartition, long>> Ends, long AskedAt);

    /// <summary>What is asked for from now on.</summary>
    public void Want(IEnumerable<TopicPartition> partitions) => _wanted = [.. partitions];

    /// <summary>The answer that came since this was asked before; null where none did.</summary>
    public Answer? Take() => Interlocked.Exchange(ref _answer, null);

    public void Dispose()
    {
        _stop.Cancel();
        _asking.GetAwaiter().GetResult();
        _stop.Dispose();
    }

    private async Task AskAsync()
    {
        try
        {
            for (; ; await Task.Delay(_interval, _time, _stop.Token))
                if (_wanted is { Count: > 0 } wanted && await AnswerAsync(wanted) is { } answer)
                    Volatile.Write(ref _answer, answer);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
        finally
        {
            End();
        }
    }

    private async Task<Answer?> AnswerAsync(IReadOnlyList<TopicPartition> wanted)
    {
        var askedAt = _time.GetTimestamp();
        try
        {
            _admin ??= new AdminClientBuilder(_kafka.Admin()).SetLogHandler((_, _) => { })
                .SetErrorHandler((_, _) => { }).Build();
            var questions = wanted.Select(p =>
                new TopicPartitionOffsetSpec { TopicPartition = p, OffsetSpec = OffsetSpec.Latest() });
            var listed = await _admin.ListOffsetsAsync(questions, new() { RequestTimeout = RequestTimeout })
                .WaitAsync(RequestTimeout + Grace, _time, _stop.Token);
            return new(
                [.. listed.ResultInfos.Select(r => r.TopicPartitionOffsetError)
                    .Where(o => !o.Error.IsError && o.Offset.Value >= 0)
                .Select(o => KeyValuePair.Create(o.TopicPartition, o.Offset.Value))], askedAt);
        }
        catch (Exception) when (!_stop.IsCancellationRequested)
        {
            // Brokers that are away, a topic that is gone, a client that does not come back, or what nobody thought of,
            // since a watch must not end unnoticed: the next question is another client's.
            End();
            return null;
        }
    }

    /// <summary>Its end may wait inside it, and is waited for by nobody.</summary>
    private void End()
    {
        if (Interlocked.Exchange(ref _admin, null) is { } admin) _ = Blocking.RunAsync(admin.Dispose);
    }
}
