using System.Runtime.InteropServices;
using Checkout.Chassis.Kafka;
using Confluent.Kafka;

namespace Checkout.LogTailer.Sink;

/// <summary>
/// librdkafka's functions (rdkafka.h, 2.16.0) for publishing, which Confluent.Kafka does too slowly for whole
/// databases of events.
/// </summary>
internal static unsafe partial class RdKafkaProducer
{
    public const int Ok = 0;
    /// <summary>RD_KAFKA_MSG_F_COPY: the record's memory is ours again when produceva returns.</summary>
    public const int Copy = 0x2;
    public const int DeliveryEvent = 0x1;
    public const int LogEvent = 0x4;
    public const int ErrorEvent = 0x8;
    public const int StatisticsEvent = 0x40;
    /// <summary>RD_KAFKA_PURGE_F_QUEUE.</summary>
    public const int Queued = 0x1;
    /// <summary>RD_KAFKA_PURGE_F_INFLIGHT.</summary>
    public const int InFlight = 0x2;
    /// <summary>RD_KAFKA_PURGE_F_NON_BLOCKING.</summary>
    public const int NonBlocking = 0x4;

    private const int ErrorBytes = 512;

    static RdKafkaProducer() =>
        NativeLibrary.SetDllImportResolver(typeof(RdKafkaProducer).Assembly, RdKafka.Resolve);

    [LibraryImport(RdKafka.Library, EntryPoint = "rd_kafka_conf_set_events")]
    public static partial void SetEvents(nint configuration, int events);

    /// <summary>Those that the client has are not added twice.</summary>
    [LibraryImport(RdKafka.Library, EntryPoint = "rd_kafka_brokers_add", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int AddBrokers(nint client, string bootstrapServers);

    [LibraryImport(RdKafka.Library, EntryPoint = "rd_kafka_topic_new", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint NewTopic(nint client, string topic, nint configuration);

    [LibraryImport(RdKafka.Library, EntryPoint = "rd_kafka_topic_destroy")]
    public static partial void DestroyTopic(nint topic);

    [LibraryImport(RdKafka.Library, EntryPoint = "rd_kafka_set_log_queue")]
    public static partial int SetLogQueue(nint client, nint queue);

    [LibraryImport(RdKafka.Library, EntryPoint = "rd_kafka_queue_get_main")]
    public static partial nint MainQueue(nint client);

    [LibraryImport(RdKafka.Library, EntryPoint = "rd_kafka_event_type")]
    public static partial int TypeOf(nint @event);

    [LibraryImport(RdKafka.Library, EntryPoint = "rd_kafka_event_message_array")]
    public static partial nuint Messages(nint @event, NativeMessage** messages, nuint size);

    [LibraryImport(RdKafka.Library, EntryPoint = "rd_kafka_event_error_is_fatal")]
    public static partial int IsFatal(nint @event);

    /// <summary>Why a client can't go on; NoError of one that can.</summary>
    public static ErrorCode FatalErrorOf(nint client)
    {
        var error = stackalloc byte[ErrorBytes];
        return FatalErrorOf(client, error, ErrorBytes);
    }

    [LibraryImport(RdKafka.Library, EntryPoint = "rd_kafka_fatal_error")]
    private static partial ErrorCode FatalErrorOf(nint client, byte* error, nuint errorSize);

    [LibraryImport(RdKafka.Library, EntryPoint = "rd_kafka_event_log")]
    public static partial int LogOf(nint @event, byte** facility, byte** text, int* level);

    /// <summary>JSON, as STATISTICS.md describes it.</summary>
    [LibraryImport(RdKafka.Library, EntryPoint = "rd_kafka_event_stats")]
    public static partial byte* StatisticsOf(nint @event);

    /// <summary>Returns null or an error to be destroyed.</summary>
    [LibraryImport(RdKafka.Library, EntryPoint = "rd_kafka_produceva")]
    public static partial nint Produce(nint client, Argument* arguments, nuint count);

    [LibraryImport(RdKafka.Library, EntryPoint = "rd_kafka_error_destroy")]
    public static partial void DestroyError(nint error);

    [LibraryImport(RdKafka.Library, EntryPoint = "rd_kafka_purge")]
    public static partial int Purge(nint client, int what);

    [LibraryImport(RdKafka.Library, EntryPoint = "rd_kafka_flush")]
    public static partial int Flush(nint client, int timeoutMs);
}

/// <summary>rd_kafka_vtype_t.</summary>
internal enum ArgumentType
{
    Topic = 2,
    Partition = 3,
    Value = 4,
    Key = 5,
    Opaque = 6,
    Flags = 7,
    Timestamp = 8,
    Header = 9,
}

/// <summary>rd_kafka_vu_t: what kind it is, and a union of 64 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 8 + 64)]
internal struct Argument
{
    [FieldOffset(0)] public ArgumentType Type;
    [FieldOffset(8)] public int Int32;
    [FieldOffset(8)] public long Int64;
    [FieldOffset(8)] public nint Pointer;
    /// <summary>Key and value.</summary>
    [FieldOffset(8)] public Memory Memory;
    [FieldOffset(8)] public NativeHeader Header;
}

[StructLayout(LayoutKind.Sequential)]
internal struct Memory
{
    public nint Start;
    public nint Bytes;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NativeHeader
{
    public nint Name;
    public nint Value;
    public nint Bytes;
}

/// <summary>rd_kafka_message_t.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeMessage
{
    public ErrorCode Error;
    public nint Topic;
    public int Partition;
    public nint Payload;
    public nint PayloadBytes;
    public nint Key;
    public nint KeyBytes;
    public long Offset;
    public nint Opaque;
}
