using System.Reflection;
using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace Checkout.Chassis.Kafka;

/// <summary>
/// librdkafka's functions (rdkafka.h, 2.16.0) for what Confluent.Kafka does not do safely: describing topics. The
/// library is the one that Confluent.Kafka ships and has loaded.
/// </summary>
internal static unsafe partial class RdKafka
{
    private const int Producer = 0;
    /// <summary>RD_KAFKA_ADMIN_OP_DESCRIBETOPICS.</summary>
    public const int DescribeTopicsOperation = 19;

    private const int ErrorBytes = 512;

    public const string Library = "librdkafka";
    /// <summary>For Confluent.Kafka's own eyes.</summary>
    public const string DotnetSettings = "dotnet.";

    /// <summary>RD_KAFKA_CONF_UNKNOWN.</summary>
    private const int UnknownName = -2;

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
                && Set(configuration, name, value, error, ErrorBytes) != 0)
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

    /// <summary>Whether there is a setting of this name, whatever is to be thought of the value.</summary>
    public static bool Knows(string name, string value)
    {
        var error = stackalloc byte[ErrorBytes];
        var configuration = NewConfiguration();
        var answer = Set(configuration, name, value, error, ErrorBytes);
        DestroyConfiguration(configuration);
        return answer != UnknownName;
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

    [LibraryImport(Library, EntryPoint = "rd_kafka_new")]
    private static partial nint NewClient(int type, nint configuration, byte* error, nuint errorSize);

    [LibraryImport(Library, EntryPoint = "rd_kafka_destroy")]
    public static partial void DestroyClient(nint client);

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

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_new")]
    public static partial nint NewQueue(nint client);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_destroy")]
    public static partial void DestroyQueue(nint queue);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_poll")]
    public static partial nint Poll(nint queue, int timeoutMs);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_error")]
    public static partial ErrorCode ErrorOf(nint @event);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_error_string")]
    public static partial byte* ErrorText(nint @event);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_destroy")]
    public static partial void DestroyEvent(nint @event);

    [LibraryImport(Library, EntryPoint = "rd_kafka_error_code")]
    public static partial ErrorCode CodeOf(nint error);

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

    /// <summary>An error that it may answer is of another operation than it is for.</summary>
    [LibraryImport(Library, EntryPoint = "rd_kafka_AdminOptions_set_include_authorized_operations")]
    public static partial nint AskForRights(nint options, int yes);

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

    /// <summary>As rd_kafka_AclOperation_t; null where the brokers do not say.</summary>
    [LibraryImport(Library, EntryPoint = "rd_kafka_TopicDescription_authorized_operations")]
    public static partial int* RightsOn(nint description, out nuint count);

    [LibraryImport(Library, EntryPoint = "rd_kafka_TopicPartitionInfo_replicas")]
    public static partial nint ReplicasOf(nint partition, out nuint count);

    public static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Library) return 0;
        foreach (var build in Builds)
            if (NativeLibrary.TryLoad(build, assembly, path, out var handle)) return handle;
        return 0;
    }
}
