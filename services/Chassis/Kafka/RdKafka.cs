using System.Reflection;
using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace Checkout.Chassis.Kafka;

/// <summary>
/// librdkafka's functions (rdkafka.h, 2.16.0) for what Confluent.Kafka does too slowly or not safely: publishing
/// events, describing topics. The library is the one that Confluent.Kafka ships and has loaded.
/// </summary>
internal static unsafe partial class RdKafka
{
    private const int Producer = 0;
    public const int Ok = 0;
    /// <summary>RD_KAFKA_MSG_F_COPY: the record's memory is ours again when produceva returns.</summary>
    public const int Copy = 0x2;
    public const int DeliveryEvent = 0x1;
    public const int LogEvent = 0x4;
    public const int ErrorEvent = 0x8;
    public const int StatisticsEvent = 0x40;
    /// <summary>RD_KAFKA_ADMIN_OP_DESCRIBETOPICS.</summary>
    public const int DescribeTopicsOperation = 19;

    private const int ErrorBytes = 512;

    private const string Library = "librdkafka";
    /// <summary>For Confluent.Kafka's own eyes.</summary>
    private const string DotnetSettings = "dotnet.";

    // librdkafka.so needs libsasl2.so.3, which slim systems lack; the build for CentOS 8 needs glibc only, the one for
    // Alpine musl. Confluent.Kafka tries the same ones.
    private static readonly string[] Builds = [Library, "centos8-librdkafka", "alpine-librdkafka"];

    static RdKafka() => NativeLibrary.SetDllImportResolver(typeof(RdKafka).Assembly, Resolve);

    /// <summary>A client that produces, and can ask what an admin client can.</summary>
    /// <param name="configure">Gets the configuration before it is used.</param>
    /// <exception cref="InvalidOperationException">librdkafka refuses a setting, and says which.</exception>
    public static nint NewClient(IEnumerable<KeyValuePair<string, string>> settings, Action<nint> configure)
    {
        var error = stackalloc byte[ErrorBytes];
        var configuration = NewConfiguration();
        foreach (var (name, value) in settings)
            if (!name.StartsWith(DotnetSettings, StringComparison.Ordinal)
                && Set(configuration, name, value, error, ErrorBytes) != Ok)
                return Refused();
        configure(configuration);
        var client = NewClient(Producer, configuration, error, ErrorBytes);
        return client != 0 ? client : Refused();

        nint Refused()
        {
            DestroyConfiguration(configuration);
            throw new InvalidOperationException($"librdkafka refuses the settings: {Text(error)}");
        }
    }

    public static string Text(byte* utf8) => Marshal.PtrToStringUTF8((nint)utf8) ?? "";

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_new")]
    private static partial nint NewConfiguration();

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_destroy")]
    private static partial void DestroyConfiguration(nint configuration);

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_set", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Set(nint configuration, string name, string value, byte* error, nuint errorSize);

    /// <summary>Null: what the client has to say is not written to standard error either.</summary>
    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_set_log_cb")]
    public static partial void SetLog(nint configuration, nint callback);

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_set_events")]
    public static partial void SetEvents(nint configuration, int events);

    [LibraryImport(Library, EntryPoint = "rd_kafka_new")]
    private static partial nint NewClient(int type, nint configuration, byte* error, nuint errorSize);

    [LibraryImport(Library, EntryPoint = "rd_kafka_destroy")]
    public static partial void DestroyClient(nint client);

    /// <summary>Those that the client has are not added twice.</summary>
    [LibraryImport(Library, EntryPoint = "rd_kafka_brokers_add", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int AddBrokers(nint client, string bootstrapServers);

    /// <summary>
    /// How many brokers one of them tells of; 0 where none answers in time. Asks for no topics, as long as the client
    /// has none.
    /// </summary>
    public static int CountBrokers(nint client, TimeSpan timeout)
    {
        if (AskMetadata(client, allTopics: 0, topic: 0, out var metadata, (int)timeout.TotalMilliseconds)
            != ErrorCode.NoError) return 0;
        // rd_kafka_metadata_t begins with their count.
        var count = *(int*)metadata;
        DestroyMetadata(metadata);
        return count;
    }

    [LibraryImport(Library, EntryPoint = "rd_kafka_metadata")]
    private static partial ErrorCode AskMetadata(nint client, int allTopics, nint topic, out nint metadata,
        int timeoutMs);

    [LibraryImport(Library, EntryPoint = "rd_kafka_metadata_destroy")]
    private static partial void DestroyMetadata(nint metadata);

    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_new", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint NewTopic(nint client, string topic, nint configuration);

    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_destroy")]
    public static partial void DestroyTopic(nint topic);

    [LibraryImport(Library, EntryPoint = "rd_kafka_set_log_queue")]
    public static partial int SetLogQueue(nint client, nint queue);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_get_main")]
    public static partial nint MainQueue(nint client);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_new")]
    public static partial nint NewQueue(nint client);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_destroy")]
    public static partial void DestroyQueue(nint queue);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_poll")]
    public static partial nint Poll(nint queue, int timeoutMs);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_type")]
    public static partial int TypeOf(nint @event);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_message_array")]
    public static partial nuint Messages(nint @event, NativeMessage** messages, nuint size);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_error")]
    public static partial ErrorCode ErrorOf(nint @event);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_error_is_fatal")]
    public static partial int IsFatal(nint @event);

    /// <summary>Why a client can't go on; NoError of one that can.</summary>
    public static ErrorCode FatalErrorOf(nint client)
    {
        var error = stackalloc byte[ErrorBytes];
        return FatalErrorOf(client, error, ErrorBytes);
    }

    [LibraryImport(Library, EntryPoint = "rd_kafka_fatal_error")]
    private static partial ErrorCode FatalErrorOf(nint client, byte* error, nuint errorSize);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_error_string")]
    public static partial byte* ErrorText(nint @event);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_log")]
    public static partial int LogOf(nint @event, byte** facility, byte** text, int* level);

    /// <summary>JSON, as STATISTICS.md describes it.</summary>
    [LibraryImport(Library, EntryPoint = "rd_kafka_event_stats")]
    public static partial byte* StatisticsOf(nint @event);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_destroy")]
    public static partial void DestroyEvent(nint @event);

    /// <summary>Returns null or an error to be destroyed.</summary>
    [LibraryImport(Library, EntryPoint = "rd_kafka_produceva")]
    public static partial nint Produce(nint client, Argument* arguments, nuint count);

    [LibraryImport(Library, EntryPoint = "rd_kafka_error_code")]
    public static partial ErrorCode CodeOf(nint error);

    [LibraryImport(Library, EntryPoint = "rd_kafka_error_destroy")]
    public static partial void DestroyError(nint error);

    [LibraryImport(Library, EntryPoint = "rd_kafka_flush")]
    public static partial int Flush(nint client, int timeoutMs);

    [LibraryImport(Library, EntryPoint = "rd_kafka_AdminOptions_new")]
    public static partial nint NewAdminOptions(nint client, int operation);

    /// <exception cref="ArgumentOutOfRangeException">librdkafka takes up to an hour.</exception>
    public static void SetRequestTimeout(nint options, int timeoutMs)
    {
        var error = stackalloc byte[ErrorBytes];
        if (SetRequestTimeout(options, timeoutMs, error, ErrorBytes) != ErrorCode.NoError)
            throw new ArgumentOutOfRangeException(nameof(timeoutMs), timeoutMs, Text(error));
    }

    [LibraryImport(Library, EntryPoint = "rd_kafka_AdminOptions_set_request_timeout")]
    private static partial ErrorCode SetRequestTimeout(nint options, int timeoutMs, byte* error, nuint errorSize);

    [LibraryImport(Library, EntryPoint = "rd_kafka_AdminOptions_destroy")]
    public static partial void DestroyAdminOptions(nint options);

    [LibraryImport(Library, EntryPoint = "rd_kafka_TopicCollection_of_topic_names")]
    public static partial nint NewTopicCollection(nint* names, nuint count);

    [LibraryImport(Library, EntryPoint = "rd_kafka_TopicCollection_destroy")]
    public static partial void DestroyTopicCollection(nint collection);

    /// <summary>The answer comes as an event of the queue.</summary>
    [LibraryImport(Library, EntryPoint = "rd_kafka_DescribeTopics")]
    public static partial void DescribeTopics(nint client, nint collection, nint options, nint queue);

    [LibraryImport(Library, EntryPoint = "rd_kafka_DescribeTopics_result_topics")]
    public static partial nint* Descriptions(nint @event, out nuint count);

    [LibraryImport(Library, EntryPoint = "rd_kafka_TopicDescription_name")]
    public static partial byte* NameOf(nint description);

    /// <summary>Null where there is none.</summary>
    [LibraryImport(Library, EntryPoint = "rd_kafka_TopicDescription_error")]
    public static partial nint ErrorOfDescription(nint description);

    [LibraryImport(Library, EntryPoint = "rd_kafka_TopicDescription_topic_id")]
    public static partial nint IdOf(nint description);

    [LibraryImport(Library, EntryPoint = "rd_kafka_Uuid_base64str")]
    public static partial byte* TextOfId(nint id);

    [LibraryImport(Library, EntryPoint = "rd_kafka_TopicDescription_partitions")]
    public static partial nint* PartitionsOf(nint description, out nuint count);

    [LibraryImport(Library, EntryPoint = "rd_kafka_TopicPartitionInfo_replicas")]
    public static partial nint ReplicasOf(nint partition, out nuint count);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Library) return 0;
        foreach (var build in Builds)
            if (NativeLibrary.TryLoad(build, assembly, path, out var handle)) return handle;
        return 0;
    }
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
