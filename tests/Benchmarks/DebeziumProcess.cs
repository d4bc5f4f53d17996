using System.Globalization;
using Checkout.Servers;
using Npgsql;

namespace Checkout.Benchmarks;

/// <summary>
/// Debezium's PostgreSQL connector in Kafka Connect's standalone worker. DEBEZIUM_HOME names a folder with a script
/// `start BOOTSTRAP REST_PORT DIR CONNECTOR_PROPERTIES` that runs it in the foreground, its offsets in DIR, with
/// acks=all, idempotent and linger.ms=0.
/// </summary>
internal sealed class DebeziumProcess : IAsyncDisposable
{
    private const string Variable = "DEBEZIUM_HOME";
    private const string Slot = "debezium";
    private static readonly TimeSpan StartDeadline = TimeSpan.FromMinutes(3);

    private readonly ChildProcess _process;
    private readonly FilledStore _store;

    private DebeziumProcess(ChildProcess process, FilledStore store) => (_process, _store) = (process, store);

    public static bool IsThere =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } home
            && File.Exists(Path.Combine(home, "start"));

    public static string Missing => $"{Variable} names no folder with a `start` script";

    public int Pid => _process.Pid;

    /// <summary>
    /// As it comes, and tuned for latency: polls every 10 ms instead of 500, and takes larger batches so that it is not
    /// slower under load.
    /// </summary>
    public static readonly IReadOnlyDictionary<string, string> AsItComes = new Dictionary<string, string>();
    public static readonly IReadOnlyDictionary<string, string> Tuned = new Dictionary<string, string>
    {
        ["poll.interval.ms"] = "10",
        ["max.batch.size"] = "8192",
        ["max.queue.size"] = "32768",
    };

    /// <summary>Starts at the present; whoever waits for it sends something through.</summary>
    public static async Task<DebeziumProcess> StartAsync(
        string folder, Broker broker, FilledStore store, IReadOnlyDictionary<string, string> settings,
        CancellationToken cancel)
    {
        Directory.CreateDirectory(folder);
        var properties = Path.Combine(folder, "connector.properties");
        await File.WriteAllLinesAsync(properties, Properties(store).Concat(settings).Select(p => $"{p.Key}={p.Value}"),
            cancel);
        return new(ChildProcess.Start(new()
        {
            Program = Path.Combine(Environment.GetEnvironmentVariable(Variable)!, "start"),
            Arguments = [broker.Bootstrap, Ports.Free().ToString(CultureInfo.InvariantCulture), folder, properties],
            // The released scripts write their own logs to LOG_DIR, by default a folder of the release.
            Environment = new Dictionary<string, string?> { ["LOG_DIR"] = folder },
            LogFile = Path.Combine(folder, "connect.log"),
        }), store);
    }

    /// <summary>Sends probes until one arrives.</summary>
    public async Task StreamingAsync(Func<Task> probe, Func<bool> arrived, CancellationToken cancel)
    {
        for (var deadline = DateTime.UtcNow + StartDeadline; !arrived();
            await Task.Delay(TimeSpan.FromSeconds(1), cancel))
        {
            if (_process.HasExited || DateTime.UtcNow > deadline)
                throw new ServerFailedException(
                    $"Debezium does not stream. The end of its log:\n{_process.LastLines(40)}");
            await probe();
        }
    }

    /// <summary>Stops it and drops its slot, so that the next one starts at the present.</summary>
    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        await _store.SqlAsync("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name "
            + $"= '{Slot}'", CancellationToken.None);
    }

    /// <summary>
    /// The outbox event router as its documentation has it, with bytes passed through and the other columns as headers.
    /// </summary>
    private static Dictionary<string, string> Properties(FilledStore store)
    {
        var server = new NpgsqlConnectionStringBuilder(store.ConnectionString);
        return new()
        {
            ["name"] = "outbox",
            ["connector.class"] = "io.debezium.connector.postgresql.PostgresConnector",
            ["database.hostname"] = server.Host!,
            ["database.port"] = server.Port.ToString(CultureInfo.InvariantCulture),
            ["database.user"] = server.Username!,
            ["database.password"] = "unused",
            ["database.dbname"] = server.Database!,
            ["topic.prefix"] = "debezium",
            ["plugin.name"] = "pgoutput",
            ["slot.name"] = Slot,
            ["publication.name"] = FilledStore.Outbox,
            ["publication.autocreate.mode"] = "disabled",
            ["table.include.list"] = $"public.{FilledStore.Outbox}",
            ["snapshot.mode"] = "no_data",
            ["tombstones.on.delete"] = "false",
            ["value.converter"] = "io.debezium.converters.BinaryDataConverter",
            ["transforms"] = "outbox",
            ["transforms.outbox.type"] = "io.debezium.transforms.outbox.EventRouter",
            ["transforms.outbox.route.by.field"] = "topic",
            ["transforms.outbox.route.topic.replacement"] = "${routedByValue}",
            ["transforms.outbox.table.field.event.id"] = "event_id",
            ["transforms.outbox.table.field.event.key"] = "key",
            ["transforms.outbox.table.field.event.payload"] = "payload",
            ["transforms.outbox.table.fields.additional.placement"] = "type:header:ce_type,occurred_at:header:ce_time,"
                + "correlation_id:header:ce_correlationid,causation_id:header:ce_causationid,"
                + "traceparent:header:traceparent",
        };
    }
}
