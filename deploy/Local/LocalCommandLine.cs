using System.CommandLine;
using Checkout.Local.Traces;

namespace Checkout.Local;

/// <summary>
/// The options of the command; BootstrapServers, SchemaRegistryUrl and KAFKA_HOME are taken from the environment too.
/// </summary>
internal static class LocalCommandLine
{
    public static Func<ParseResult, LocalOptions> AddTo(RootCommand root)
    {
        var folder = new Option<DirectoryInfo>("--folder")
        {
            Description = "Where data and logs are kept.",
            Recursive = true,
            DefaultValueFactory = _ => new(Path.Combine(Layout.Root, ".local")),
        };
        var bootstrap = FromEnvironment(
            "--bootstrap-servers", "BootstrapServers", "A Kafka that runs already, as host:port,host:port.");
        var registry = FromEnvironment(
            "--schema-registry-url", "SchemaRegistryUrl", "A Confluent-compatible schema registry that runs already.");
        var inMemory = new Option<bool>("--in-memory-broker")
        {
            Description = "librdkafka's in-memory broker, also where KAFKA_HOME is set.",
            Recursive = true,
        };
        var secure = new Option<bool>("--secure")
        {
            Description = "TLS, passwords, roles of least privilege and rights of Kafka, as in production; needs a "
                + "released Kafka. A folder stays secured.",
            Recursive = true,
        };
        var noInstall = new Option<bool>("--no-install")
        {
            Description = "Never installs PostgreSQL; says what is missing.",
            Recursive = true,
        };
        var port = new Option<int>("--port")
        {
            Description = "Store's port; the others are those behind it. " +
                "Where one is taken another is found; 0 takes any.",
            Recursive = true,
            DefaultValueFactory = _ => LocalPorts.Default,
        };
        var instances = new Option<int>("--instances")
        {
            Description = "Processes of each service.",
            Recursive = true,
            DefaultValueFactory = _ => 1,
        };
        var traces = new Option<TracesWanted>("--traces")
        {
            Description = "Who keeps traces: a Jaeger of JAEGER_HOME or PATH, else this program, for the command trace "
                + "(auto); this program (text); nobody (off). What OTEL_EXPORTER_OTLP_ENDPOINT says wins.",
            Recursive = true,
            DefaultValueFactory = _ => TracesWanted.Auto,
        };
        foreach (var option in new Option[]
            { folder, bootstrap, registry, inMemory, secure, noInstall, port, instances, traces })
            root.Add(option);
        return result => new()
        {
            Folder = result.GetRequiredValue(folder).FullName,
            MayInstall = !result.GetValue(noInstall),
            BootstrapServers = NullIfEmpty(result.GetValue(bootstrap)),
            SchemaRegistryUrl = NullIfEmpty(result.GetValue(registry)),
            InMemoryBroker = result.GetValue(inMemory),
            Secure = result.GetValue(secure),
            StorePort = result.GetValue(port),
            Instances = result.GetValue(instances),
            Traces = result.GetValue(traces),
        };
    }

    private static Option<string?> FromEnvironment(string name, string variable, string description) => new(name)
    {
        Description = $"{description} Also from the environment: {variable}.",
        Recursive = true,
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable(variable),
    };

    private static string? NullIfEmpty(string? text) => string.IsNullOrWhiteSpace(text) ? null : text;
}
