using Checkout.Chassis.EventStore;
using Checkout.Chassis.Registry;
using Checkout.LogTailer.Sink;
using Checkout.LogTailer.Source;
using Confluent.Kafka;
using Npgsql;

namespace Checkout.LogTailer.Operating;

/// <summary>
/// Follows one database for as long as the process lives: session after session, on standby while another tailer holds
/// the slot.
/// </summary>
public sealed class Tail
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

    private readonly SessionParts _parts;
    private readonly Primary _servers;
    private TimeSpan _delay = FirstDelay;
    private long? _activeSince;
    private bool _hadSlot;
    private Accounted[]? _accounted;
    // The events up to this position hold one that the brokers refuse.
    private long _aloneThrough = -1;
    private volatile Server? _server;
    private volatile Session? _session;

    public Tail(
        StoreOptions store, TailerOptions options, SchemaRegistry registry, TailerMetrics metrics, TailStatus status,
        Primary servers, ILogger log, TimeProvider time)
    {
        _servers = servers;
        var telemetry = new SendTelemetry(metrics.Published, metrics.PublishDuration, store.Name,
            options.Telemetry.CorrelationAttribute, time);
        _parts = new(store, store.SlotName, new KafkaClients(options.Kafka, store.Name, log), registry,
            options.UnreadGuard, options.Watch, telemetry, time, status, log, Report);
    }

    /// <exception cref="UnusableDatabaseException">Following it again would change nothing.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var measuring = MeasureAsync(ended.Token);
        try
        {
            await FollowAsync(stop);
        }
        finally
        {
            await ended.CancelAsync();
            await measuring;
        }
    }

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
            catch (PostgresException e) when (Database.RefusesSessions(e)
                || e.SqlState == PostgresErrorCodes.SyntaxError) // An ordinary session, which knows no replication.
            {
                throw new UnusableDatabaseException($"What answers at the ConnectionString of {_parts.Store.Name} "
                    + $"refuses to replicate ({e.MessageText}). {Database.DirectlyInstead}", e);
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
        // Nothing is made before it is known which server is the primary.
        var server = _server = await _servers.FindAsync(stop);
        var head = await new StoreDatabase(server.Source).PublishedHeadAsync(stop);
        if (head is null)
        {
            Report(TailState.Waiting, "the database has no event store yet: its service's migration makes it");
            await PauseAsync(stop);
            return;
        }
        _parts.Status.Topic = head.Topic;
        // The publication is there, so the slot may be made: the other way round it could never be read.
        await ReadySlotAsync(new Slot(server.Source, _parts.Slot), server, stop);
        var session = _session = new Session(_parts with { AloneThrough = _aloneThrough }, server, head, _accounted);
        try
        {
            await session.RunAsync(stop);
        }
        finally
        {
            _session = null;
            _accounted = session.Accounted;
            if (session.Acknowledged >= _aloneThrough) _aloneThrough = -1;
        }
    }

    private async Task ReadySlotAsync(Slot slot, Server server, CancellationToken stop)
    {
        var state = _parts.Status.Slot = await slot.StateAsync(stop);
        if (state is null)
        {
            if (_hadSlot) SayLost($"The replication slot {slot.Name} is gone.");
            // One that nobody can serve would pin the log.
            await ReplicationStream.MustReplicateAsync(server.ConnectionString, stop);
            await slot.CreateAsync(stop);
            _parts.Log.SlotMade(_parts.Store.Name, slot.Name);
        }
        else
        {
            slot.MustBeOurs(state);
            if (state.IsLost)
                throw new SlotLostException($"The replication slot {slot.Name} is lost: PostgreSQL removed log that it "
                    + "had kept for it (max_slot_wal_keep_size).");
            if (state.ActivePid is { } pid)
                throw new SlotIsAnothersException($"{slot.Name} is served by process {pid}");
        }
        _hadSlot = true;
    }

    private async Task MeasureAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (_server is { } server && await new StoreDatabase(server.Source).HeadPositionAsync(stop) is { } head)
                    _parts.Status.Lag.Seen(head);
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
            if (_session is { Acknowledged: { } acknowledged } session)
            {
                _parts.Status.Lag.Acknowledged(acknowledged);
                if (_parts.Status.Lag.Now?.Age > _parts.Watch.LongestSilence) session.StreamIsSilent();
            }
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
            case RecordRefusedException refused:
                _aloneThrough = refused.Through;
                Report(TailState.Waiting, e.Message);
                break;
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
            await new Slot(_server!.Source, _parts.Slot).DropAsync(stop);
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
}
