using System.Runtime.InteropServices;
using System.Text.Json;
using Checkout.Chassis.Kafka;
using Confluent.Kafka;

namespace Checkout.LogTailer.Sink;

/// <summary>What became of the record with this ticket.</summary>
public readonly record struct Delivery(long Ticket, int Partition, ErrorCode Error, long Offset);

/// <summary>
/// librdkafka's producer for one topic, called without Confluent.Kafka's in between: that one makes objects and pins
/// memory for each header and each report, which was most of what publishing an event cost (docs/benchmarks.md).
/// Reports come by librdkafka's event queue, many at a time.
/// </summary>
public sealed unsafe class EventProducer : IDisposable
{
    private const int PollTimeoutMs = 100;
    private const int Events = RdKafkaProducer.DeliveryEvent | RdKafkaProducer.ErrorEvent | RdKafkaProducer.LogEvent
        | RdKafkaProducer.StatisticsEvent;
    private const int WithoutWaiting =
        RdKafkaProducer.Queued | RdKafkaProducer.InFlight | RdKafkaProducer.NonBlocking;
    private const int ReportsAtOnce = 1_024;

    // In the order of the fixed arguments; the headers come behind them.
    private const int TopicArgument = 0, PartitionArgument = 1, KeyArgument = 2, ValueArgument = 3,
        TimestampArgument = 4, OpaqueArgument = 5;
    private const int FlagsArgument = 6, FirstHeaderArgument = 7;

    private readonly Argument[] _arguments = GC.AllocateArray<Argument>(FirstHeaderArgument + KafkaRecord.MaxHeaders,
        pinned: true);
    private readonly Action<Delivery> _delivered;
    private readonly Action<Error> _error;
    private readonly Action<LogMessage> _log;
    private readonly Action _lostBrokers;
    private readonly string _bootstrapServers;
    private readonly nint _client;
    private readonly nint _topic;
    private readonly nint _queue;
    private readonly Thread _polling;
    private readonly Lock _ending = new();
    private volatile bool _disposed;

    /// <param name="delivered">Called on one thread, in order per partition.</param>
    /// <param name="lostBrokers">Called when the client had no broker left, and was given its bootstrap servers
    /// again.</param>
    public EventProducer(
        ProducerConfig config, string topic, Action<Delivery> delivered, Action<Error> error, Action<LogMessage> log,
        Action lostBrokers)
    {
        (_delivered, _error, _log, _lostBrokers, _bootstrapServers) = (delivered, error, log, lostBrokers,
            config.BootstrapServers);
        config.StatisticsIntervalMs ??= LostBrokers.StatisticsIntervalMs;
        _client = RdKafka.NewClient(config.Append(new("log.queue", "true")), configuration =>
            RdKafkaProducer.SetEvents(configuration, Events));
        _queue = RdKafkaProducer.MainQueue(_client);
        _ = RdKafkaProducer.SetLogQueue(_client, _queue);
        _topic = RdKafkaProducer.NewTopic(_client, topic, 0);
        _arguments[TopicArgument] = new() { Type = ArgumentType.Topic, Pointer = _topic };
        _arguments[FlagsArgument] = new() { Type = ArgumentType.Flags, Int32 = RdKafkaProducer.Copy };
        _polling = new Thread(PollUntilDisposed) { IsBackground = true, Name = $"deliveries of {topic}" };
        _polling.Start();
    }

    /// <summary>One caller at a time. What can't even be queued is told by the answer.</summary>
    public ErrorCode Produce(int partition, KafkaRecord record, long ticket)
    {
        var start = (nint)record.Start;
        _arguments[PartitionArgument] = new() { Type = ArgumentType.Partition, Int32 = partition };
        _arguments[KeyArgument] = new() { Type = ArgumentType.Key, Memory = In(record.Key) };
        _arguments[ValueArgument] = new() { Type = ArgumentType.Value, Memory = In(record.Value) };
        _arguments[TimestampArgument] = new()
        {
            Type = ArgumentType.Timestamp,
            Int64 = Timestamp.DateTimeToUnixTimestampMs(record.Timestamp)
        };
        _arguments[OpaqueArgument] = new() { Type = ArgumentType.Opaque, Pointer = (nint)ticket };
        var count = FirstHeaderArgument;
        foreach (var (name, value) in record.Headers)
        {
            var (at, bytes) = (start + value.Start.Value, value.End.Value - value.Start.Value);
            _arguments[count++] = new()
            {
                Type = ArgumentType.Header,
                Header = new() { Name = name.Utf8, Value = at, Bytes = bytes }
            };
        }
        var error = RdKafkaProducer.Produce(_client, (Argument*)Marshal.UnsafeAddrOfPinnedArrayElement(_arguments, 0),
            (nuint)count);
        if (error == 0) return ErrorCode.NoError;
        var code = RdKafka.CodeOf(error);
        RdKafkaProducer.DestroyError(error);
        return code;

        Memory In(Range range) =>
            new() { Start = start + range.Start.Value, Bytes = range.End.Value - range.Start.Value };
    }

    /// <summary>Why it can't go on; NoError while it can. What was queued is then reported as purged.</summary>
    public ErrorCode FatalError => RdKafkaProducer.FatalErrorOf(_client);

    /// <summary>
    /// Takes back what is queued or waits for an answer; what is on the wire already may still arrive. Does not wait:
    /// each is reported as purged.
    /// </summary>
    public void Purge()
    {
        lock (_ending)
            if (!_disposed) _ = RdKafkaProducer.Purge(_client, WithoutWaiting);
    }

    public void Flush(TimeSpan atMost) => _ = RdKafkaProducer.Flush(_client, (int)atMost.TotalMilliseconds);

    /// <summary>Purges what is queued.</summary>
    public void Dispose()
    {
        lock (_ending)
        {
            if (_disposed) return;
            _disposed = true;
        }
        _polling.Join();
        RdKafkaProducer.DestroyTopic(_topic);
        RdKafka.DestroyQueue(_queue);
        RdKafka.DestroyClient(_client);
    }

    private void PollUntilDisposed()
    {
        while (!_disposed)
        {
            var @event = RdKafka.Poll(_queue, PollTimeoutMs);
            if (@event == 0) continue;
            Handle(@event);
            RdKafka.DestroyEvent(@event);
        }
    }

    private void Handle(nint @event)
    {
        switch (RdKafkaProducer.TypeOf(@event))
        {
            case RdKafkaProducer.DeliveryEvent:
                HandleDeliveries(@event);
                break;
            case RdKafkaProducer.ErrorEvent:
                var isFatal = RdKafkaProducer.IsFatal(@event) != 0;
                _error(new Error(isFatal ? FatalError : RdKafka.ErrorOf(@event),
                    RdKafka.Text(RdKafka.ErrorText(@event)), isFatal));
                break;
            case RdKafkaProducer.StatisticsEvent:
                if (!LostBrokers.Are(JsonDocument.Parse(RdKafka.Text(RdKafkaProducer.StatisticsOf(@event))))) break;
                _ = RdKafkaProducer.AddBrokers(_client, _bootstrapServers);
                _lostBrokers();
                break;
            case RdKafkaProducer.LogEvent:
                byte* facility, text;
                int level;
                if (RdKafkaProducer.LogOf(@event, &facility, &text, &level) == RdKafkaProducer.Ok)
                    _log(new("producer", (SyslogLevel)level, RdKafka.Text(facility), RdKafka.Text(text)));
                break;
        }
    }

    private void HandleDeliveries(nint @event)
    {
        var messages = stackalloc NativeMessage*[ReportsAtOnce];
        while (RdKafkaProducer.Messages(@event, messages, ReportsAtOnce) is var count and > 0)
            for (nuint i = 0; i < count; i++)
                _delivered(new(messages[i]->Opaque, messages[i]->Partition, messages[i]->Error, messages[i]->Offset));
    }
}
