using System.Text.RegularExpressions;
using Checkout.Chassis.Registry;
using Confluent.Kafka;
using Npgsql;

namespace Checkout.LogTailer;

/// <summary>
/// Follows one database for as long as the process lives: session after session, on standby while another tailer holds
/// the slot.
/// </summary>
public sealed partial class Tail
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);
    /// <summary>How often the slot is looked at for leadership. Not in the data path.</summary>
    public static readonly TimeSpan StandbyInterval = TimeSpan.FromMilliseconds(250);
    /// <summary>How often a publication that stopped with a sentence is tried again.</summary>
    public static readonly TimeSpan StoppedInterval = TimeSpan.FromSeconds(10);
    /// <summary>A session that lasted this long was no part of the trouble before it.</summary>
    private static readonly TimeSpan SettledAfter = TimeSpan.FromSeconds(10);
    /// <summary>How often the store's head is held against what is acknowledged.</summary>
    private static readonly TimeSpan LagInterval = TimeSpan.FromSeconds(1);
    private const int MaxSlotNameLength = 63;

    private readonly SessionParts _parts;
    private TimeSpan _delay = FirstDelay;
    private long? _activeSince;
    private bool _hadSlot;
    private long[]? _accounted;
    private volatile Session? _session;

    public Tail(
        StoreOptions store, TailerOptions options, SchemaRegistry registry, TailerMetrics metrics, TailStatus status,
        NpgsqlDataSource source, ILogger log, TimeProvider time)
    {
        _parts = new(store, SlotName(store.ConnectionString), source, new StoreDatabase(source),
            new KafkaClients(options.Kafka, store.Name, log), registry,
            options.UnreadGuard, options.Watch,
            new SendTelemetry(metrics, store.Name, options.Telemetry.CorrelationAttribute, time), time, status, log,
            Report);
    }

    /// <summary>
    /// Slot names are shared by all databases of a server, and take lower-case letters, digits and underscores.
    /// </summary>
    public static string SlotName(string connectionString)
    {
        var name = "logtailer_" + NotInSlotNames()
            .Replace(new NpgsqlConnectionStringBuilder(connectionString).Database!.ToLowerInvariant(), "_");
        return name.Length <= MaxSlotNameLength ? name : name[..MaxSlotNameLength];
    }

    public Task RunAsync(CancellationToken stop) => Task.WhenAll(FollowAsync(stop), MeasureAsync(stop));

    private async Task FollowAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await RunOnceAsync(stop);
            }
            catch (Exception) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // The loop of the process: whatever ended a session, the next one starts from what the topic and the
                // store hold.
                await AfterAsync(e, stop);
            }
        }
    }

    private async Task RunOnceAsync(CancellationToken stop)
    {
        var head = await _parts.Database.HeadAsync(stop);
        if (head is null)
        {
            Report(TailState.Waiting, "the database has no event store yet: its service's migration makes it");
            await PauseAsync(stop);
            return;
        }
        // The publication is there, so the slot may be made: the other way round it could never be read.
        var slot = _parts.Status.Slot = await _parts.Database.SlotAsync(_parts.Slot, stop);
        if (slot is null)
        {
            if (_hadSlot) SayLost($"The replication slot {_parts.Slot} is gone.");
            await _parts.Database.CreateSlotAsync(_parts.Slot, stop);
            _parts.Log.SlotMade(_parts.Store.Name, _parts.Slot);
        }
        else if (slot.IsLost)
        {
            throw new SlotLostException(
                $"The replication slot {_parts.Slot} is lost: PostgreSQL removed log that it had kept for it "
                + $"(max_slot_wal_keep_size).");
        }
        else if (slot.ActivePid is { } pid)
        {
            throw new SlotIsAnothersException($"{_parts.Slot} is served by process {pid}");
        }
        _hadSlot = true;
        await using var session = new Session(_parts, head, _accounted);
        _session = session;
        try
        {
            await session.RunAsync(stop);
        }
        finally
        {
            _session = null;
            _accounted = session.Accounted;
        }
    }

    private async Task MeasureAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (await _parts.Database.HeadPositionAsync(stop) is { } head) _parts.Status.Lag.Seen(head);
            }
            catch (Exception e) when (!stop.IsCancellationRequested)
            {
                // The store is away, as a rule: what is known of it grows old meanwhile. A watch must not end
                // unnoticed, whatever comes.
                _parts.Log.LagUnknown(_parts.Store.Name, e.Message);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            // Between two sessions nothing more is acknowledged.
            if (_session?.Acknowledged is { } acknowledged) _parts.Status.Lag.Acknowledged(acknowledged);
            await DelayAsync(LagInterval, stop);
        }
    }

    private async Task AfterAsync(Exception e, CancellationToken stop)
    {
        if (_activeSince is { } since && _parts.Time.GetElapsedTime(since) > SettledAfter) _delay = FirstDelay;
        _activeSince = null;
        switch (e)
        {
            case SlotIsAnothersException:
                Report(TailState.Standby, "another tailer serves the slot");
                // It is the other that knows now.
                _accounted = null;
                _parts.Status.Lag.Acknowledged(null);
                await DelayAsync(StandbyInterval, stop);
                return;
            case SlotLostException:
                await DropSlotAsync(e, stop);
                break;
            case PublicationStoppedException:
                Report(TailState.Stopped, e.Message);
                await DelayAsync(StoppedInterval, stop);
                return;
            default:
                if (_parts.Status.Set(TailState.Waiting, $"the last session ended: {e.Message}"))
                    _parts.Log.SessionEnded(IsExpected(e) ? null : e, _parts.Store.Name, e.Message);
                break;
        }
        await PauseAsync(stop);
    }

    /// <summary>Troubles of others, whose stack says nothing that their sentence does not.</summary>
    private static bool IsExpected(Exception e) =>
        e is NpgsqlException or KafkaException or TopicChangedException or TimeoutException;

    private async Task DropSlotAsync(Exception why, CancellationToken stop)
    {
        SayLost(why.Message);
        try
        {
            await _parts.Database.DropSlotAsync(_parts.Slot, stop);
            // Said once.
            _hadSlot = false;
        }
        catch (NpgsqlException)
        {
            // Away, or for a moment still held by the ended session's process: the next session comes here again.
        }
    }

    private void SayLost(string reason)
    {
        if (!_parts.Status.Set(TailState.Waiting, reason)) return;
        _parts.Log.SlotLost(_parts.Store.Name, reason);
        _parts.Status.HasLostSlot();
    }

    private Task PauseAsync(CancellationToken stop)
    {
        var delay = _delay;
        _delay = _delay * 2 < LongestDelay ? _delay * 2 : LongestDelay;
        return DelayAsync(delay, stop);
    }

    /// <summary>With jitter, so that two tailers never move in step.</summary>
    private async Task DelayAsync(TimeSpan delay, CancellationToken stop)
    {
        try
        {
            await Task.Delay(delay * (0.75 + Random.Shared.NextDouble() / 2), _parts.Time, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The loop sees it.
        }
    }

    /// <summary>Said once for as long as it stays so.</summary>
    private void Report(TailState state, string reason)
    {
        if (state == TailState.Active) _activeSince ??= _parts.Time.GetTimestamp();
        if (!_parts.Status.Set(state, reason)) return;
        var (log, store) = (_parts.Log, _parts.Store.Name);
        switch (state)
        {
            case TailState.Waiting: log.Waiting(store, reason); break;
            case TailState.Standby: log.Standby(store, reason); break;
            case TailState.Healing: log.Healing(store, reason); break;
            case TailState.Active: log.Active(store, reason); break;
            case TailState.Stopped: log.Stopped(store, reason); break;
        }
    }

    [GeneratedRegex("[^a-z0-9_]")]
    private static partial Regex NotInSlotNames();
}
