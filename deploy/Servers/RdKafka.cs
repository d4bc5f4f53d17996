using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Checkout.Servers;

/// <summary>
/// librdkafka's functions for its mock cluster (rdkafka_mock.h), which Confluent.Kafka ships but does not wrap.
/// </summary>
internal static partial class RdKafka
{
    public const int Producer = 0;
    public const int Ok = 0;
    public const int TopicAlreadyExists = 36;

    private const string Library = "librdkafka";

    // librdkafka.so needs libsasl2.so.3, which slim systems lack; the build for CentOS 8 needs glibc only, the one for
    // Alpine musl. Confluent.Kafka tries the same ones.
    private static readonly string[] Builds = [Library, "centos8-librdkafka", "alpine-librdkafka"];

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_new")]
    public static partial nint NewConfiguration();

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_set", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Set(nint configuration, string name, string value, nint error, nuint errorSize);

    [LibraryImport(Library, EntryPoint = "rd_kafka_new")]
    public static partial nint NewClient(int type, nint configuration, nint error, nuint errorSize);

    [LibraryImport(Library, EntryPoint = "rd_kafka_destroy")]
    public static partial void DestroyClient(nint client);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_new")]
    public static partial nint NewCluster(nint client, int brokers);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_destroy")]
    public static partial void DestroyCluster(nint cluster);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_bootstraps")]
    public static partial nint Bootstraps(nint cluster);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_topic_create", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int CreateTopic(nint cluster, string topic, int partitions, int replicas);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_group_initial_rebalance_delay_ms")]
    public static partial void SetInitialRebalanceDelay(nint cluster, int milliseconds);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_broker_set_down")]
    public static partial int SetDown(nint cluster, int broker);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_broker_set_up")]
    public static partial int SetUp(nint cluster, int broker);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_partition_delete_records",
        StringMarshalling = StringMarshalling.Utf8)]
    public static partial int DeleteRecords(nint cluster, string topic, int partition, long before);

    [LibraryImport(Library, EntryPoint = "rd_kafka_err2str")]
    public static partial nint ErrorText(int code);

    public static void Check(int code, string what)
    {
        if (code != Ok) throw new ServerFailedException(
            $"{what}: the in-memory broker answered {Marshal.PtrToStringUTF8(ErrorText(code))}.");
    }

    // A resolver has to be there before the first call, whoever makes it; this library is the only one that calls.
#pragma warning disable CA2255
    [ModuleInitializer]
    internal static void UseTheBuildThatLoads() =>
        NativeLibrary.SetDllImportResolver(typeof(RdKafka).Assembly, Resolve);
#pragma warning restore CA2255

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Library) return 0;
        foreach (var build in Builds)
            if (NativeLibrary.TryLoad(build, assembly, path, out var handle)) return handle;
        return 0;
    }
}
