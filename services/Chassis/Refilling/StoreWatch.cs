using Checkout.Chassis.EventStore;
using Checkout.Chassis.Kafka;
using Checkout.Chassis.Telemetry;
using Confluent.Kafka;
using Dapper;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Checkout.Chassis.Refilling;

/// <summary>
/// Holds a store that is behind its own topic: a database that is empty, a backup, or was promoted too early. Asked of
/// the topic when the service starts, when its database was away and when it went back; else the database alone is
/// looked at. Where Kafka does not say, the service goes on, since it takes requests while Kafka is away, and asks on.
/// </summary>
/// <param name="service">Its name, as its program has it.</param>
public sealed class StoreWatch(
    NpgsqlDataSource database, DatabaseReady ready, OwnTopic topic, EventStoreOptions store, StoreHold hold,
    string service, TimeProvider time, ILogger<StoreWatch> logger) : BackgroundService, IHealthCheck
{
    /// <summary>Between two looks at the database.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>So long the first answer of Kafka is waited for.</summary>
    public static readonly TimeSpan LongestFirstAnswer = TimeSpan.FromSeconds(5);

    private const string NotKnown = "it is not known yet whether the store has what its topic holds";

    private bool _mustAsk = true;
    private volatile bool _isBehind;
    private long? _since;
    private volatile Seen _seen = new(0, 0, IsRefilling: false, "");
    private volatile bool _isFirst = true;

    /// <summary>Where the store ended when it was looked at last.</summary>
    public long Position => _seen.Position;

    /// <summary>Whether the store is known to lack what its topic holds, or to be refilled.</summary>
    public bool IsBehind => _isBehind || _seen.IsRefilling;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        hold.Hold(NotKnown);
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await ready.Migrated.WaitAsync(stoppingToken);
            for (; ; await Task.Delay(Interval, time, stoppingToken)) await LookAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    /// <summary>While callers can be served all the same, which is what readiness is about.</summary>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context,
        CancellationToken cancellationToken = default) => Task.FromResult(hold.Why is not { } why
        ? HealthCheckResult.Healthy()
        : _isFirst ? HealthCheckResult.Unhealthy(why) : HealthCheckResult.Degraded(why));

    private async Task LookAsync(CancellationToken stopping)
    {
        try
        {
            // Before the look: what is appended meanwhile is beyond it.
            var (highest, history) = (hold.Highest, hold.Histories);
            var seen = await SeenAsync(stopping);
            var wentBack = seen.Position < highest;
            if (!_isFirst && (wentBack || IsAnother(seen)))
            {
                hold.BeginAnew(NotKnown);
                (_mustAsk, _isBehind, _since) = (true, _isBehind || wentBack, null);
            }
            else hold.Saw(seen.Position, history);
            _seen = seen;
            if (seen.IsRefilling) Hold($"the store is being refilled from its topic: wait for the command, or, where "
                + $"it was broken off, run it again: {Command}");
            else if (_mustAsk || hold.Why is not null) Conclude(await BehindAsync(stopping));
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            await MigrateAgainAsync(stopping);
        }
        catch (Exception) when (!stopping.IsCancellationRequested)
        {
            // A watch must not end. Who comes back may be a backup, or a standby that lacks what was published.
            _mustAsk = true;
        }
    }

    /// <summary>
    /// A database was made anew in the place of the one that this process has migrated: it gets its tables, and what it
    /// lacks is what its topic holds. By a role that may not make them somebody else has to.
    /// </summary>
    private async Task MigrateAgainAsync(CancellationToken stopping)
    {
        (_mustAsk, _isBehind) = (true, true);
        Hold($"the database has not the tables of this service: somebody made it anew. It is completed from its "
            + $"topic: {Command}");
        try
        {
            await ready.MigrateAsync(stopping);
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            Hold($"the database has not the tables of this service: somebody made it anew. {e.Message}");
        }
    }

    /// <summary>
    /// The database, its server or its history is not the one that was looked at before: what was known of it is not
    /// known of this one.
    /// </summary>
    private bool IsAnother(Seen seen) => seen.Identity != _seen.Identity || seen.LastRefill != _seen.LastRefill
        || (_seen.IsRefilling && !seen.IsRefilling);

    private string Command => StoreComparison.CommandOf(service);

    private void Conclude((bool IsKnown, string? Behind) answer)
    {
        if (answer.Behind is { } behind)
        {
            _isBehind = true;
            Hold($"the store is behind its topic: {behind}. It was lost, restored or promoted too early. Nothing is "
                + $"taken and nothing is handled, until it is completed from its topic: {Command}");
        }
        else if (answer.IsKnown)
        {
            (_mustAsk, _isBehind) = (false, false);
            Release();
        }
        // Behind, it stays so until Kafka says that it is not; else requests do not wait for Kafka.
        else if (!_isBehind && time.GetElapsedTime(_since ??= time.GetTimestamp()) > LongestFirstAnswer) Release();
    }

    private void Hold(string why)
    {
        if (hold.Why != why) Log.StoreHeld(logger, why);
        hold.Hold(why);
        _isFirst = false;
    }

    private void Release()
    {
        if (hold.Why is not null && hold.Why != NotKnown) Log.StoreReleased(logger);
        (_isFirst, _since) = (false, null);
        hold.Release(_seen.Position);
    }

    private async Task<(bool IsKnown, string? Behind)> BehindAsync(CancellationToken stopping)
    {
        IReadOnlyList<TopicEvent> last;
        try
        {
            last = await Blocking.RunAsync(() => topic.Last(stopping));
        }
        catch (Exception e) when (e is KafkaException or TimeoutException)
        {
            return (false, null);
        }
        return (true, await StoreComparison.BehindAsync(database, store.Topic, last, stopping));
    }

    private async Task<Seen> SeenAsync(CancellationToken stopping)
    {
        await using var connection = await database.OpenConnectionAsync(stopping);
        return await connection.QuerySingleAsync<Seen>(new CommandDefinition(
            """
            SELECT position AS "Position", coalesce((SELECT max(id) FROM refills), 0) AS "LastRefill",
                   EXISTS (SELECT FROM refills WHERE ended_at IS NULL) AS "IsRefilling",
                   format('%s %s', pg_postmaster_start_time(),
                       (SELECT oid FROM pg_database WHERE datname = current_database())) AS "Identity"
            FROM head
            """, cancellationToken: stopping));
    }

    private sealed record Seen(long Position, long LastRefill, bool IsRefilling, string Identity);
}
