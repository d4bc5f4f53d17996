using System.Diagnostics.CodeAnalysis;
using Checkout.Chassis.Kafka;
using Checkout.LogTailer.Chain;
using Checkout.LogTailer.Confirming;
using Checkout.LogTailer.Sink;
using Checkout.LogTailer.Sink.InMemory;
using Checkout.LogTailer.Source;
using Confluent.Kafka;

namespace Checkout.LogTailer.Operating;

/// <summary>What a session needs that outlives it.</summary>
public sealed record SessionParts(
    StoreOptions Store, string Slot, KafkaClients Kafka, Chassis.Registry.SchemaRegistry Registry,
    UnreadGuardOptions Guard, WatchOptions Watch, SendTelemetry Telemetry, TimeProvider Time, TailStatus Status,
    ILogger Log, Action<TailState, string> Report, long AloneThrough = -1);

/// <summary>
/// From holding the slot to losing it or failing: find the topic's ends, publish what is missing there, then push as
/// the log speaks. Any doubt ends the session; the next one judges by the topic itself, so nothing has to be remembered
/// or repaired.
/// </summary>
/// <param name="accounted">What the session before accounted for, by partition; null where another was last.</param>
[SuppressMessage("Design", "CA1001", Justification = "RunAsync ends what it began.")]
public sealed class Session(SessionParts parts, Server server, Head head, Accounted[]? accounted)
{
    private static readonly TimeSpan FinishTimeout = TimeSpan.FromSeconds(2);

    private readonly StoreDatabase _database = new(server.Source);
    private readonly Slot _slot = new(server.Source, parts.Slot);
    private readonly Confirmations _confirmations =
        new(KafkaClients.MaxOutstandingEvents, KafkaClients.MaxOutstandingBytes);
    private readonly ReplicationStream _stream = new(server.ConnectionString, parts.Slot);
    private Lease? _lease;
    private IAdminClient? _admin;
    private Publisher? _publisher;
    private Confirmer? _confirmer;
    private Task _confirming = Task.CompletedTask;
    private Streamer? _streamer;
    private int[] _holes = [];
    private bool _healed;

    /// <summary>Everything up to this position of the store is acknowledged; null where that is not known.</summary>
    public long? Acknowledged => _publisher?.Acknowledged;

    /// <summary>How far it knows what is on the topic, by partition.</summary>
    public Accounted[]? Accounted
    {
        get
        {
            var known = _publisher?.Accounted() ?? accounted;
            foreach (var hole in _holes) known![hole] = Sink.Accounted.Lost;
            return known;
        }
    }

    /// <summary>The store has events that nobody brought, for too long.</summary>
    public void StreamIsSilent()
    {
        if (_publisher?.Outstanding == 0) _streamer?.IsSilent();
    }

    /// <summary>Ends only by cancellation or an exception.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var loops = new Loops(() => _publisher?.Purge(), stop);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(loops.Cancelled, stop);
        var publishing = loops.Run(_ => PublishAsync(loops, either.Token));
        try
        {
            await Task.WhenAny(loops.Fault, publishing, LongAfterAsync(either.Token));
            if (loops.Fault.IsFaulted) await loops.Fault;
            await FinishAsync();
            stop.ThrowIfCancellationRequested();
        }
        finally
        {
            _publisher?.Purge();
            await loops.EndAsync(FinishTimeout);
            await EndAsync();
        }
    }

    private async Task PublishAsync(Loops loops, CancellationToken ended)
    {
        // Until healing is done nothing counts as idle, so no position is confirmed past an event that is not on the
        // topic.
        _confirmations.Opened();
        await _stream.OpenAsync(ended);
        _stream.Start(loops.Cancelled);
        _ = loops.Run(_ => _stream.FirstMove);
        var asking = await server.Source.OpenConnectionAsync(ended);
        var lease = _lease = new Lease(asking, _slot, _stream.WalSenderPid, parts.Time);
        _ = loops.Run(cancelled => AskAsync(lease, loops, cancelled));
        await Task.WhenAny(_stream.FirstMove, lease.Gained).WaitAsync(ended);

        var admin = _admin = parts.Kafka.Admin();
        var topic = parts.Kafka.Topic(admin);
        await topic.EnsureAsync(head, reason => parts.Report(TailState.Waiting, reason), ended);
        var ends = await PartitionEnds.ReadAsync(parts.Kafka, head.Topic, head.Partitions, accounted,
            PartitionEnds.WindowRecords, Headless, ended);
        await Belonging.MustBelongToAsync(_database, head, ends, ended);

        var confirmer = _confirmer = new Confirmer(_stream, _confirmations);
        // A registry that was lost gives its ids anew, so none is known from the session before.
        parts.Registry.Forget();
        var schemaIds = new SchemaIds(_database, parts.Registry, head.Topic, Waits);
        var publisher = _publisher = new Publisher(parts.Kafka, head, ends.Select(end => end.Accounted), lease,
            _confirmations, schemaIds, parts.Telemetry, confirmer.Signal, loops.Fail, parts.Time, parts.AloneThrough);
        // A fault before this line found no publisher to purge.
        ended.ThrowIfCancellationRequested();
        _ = loops.Run(schemaIds.LearnAsync);
        _confirming = loops.Run(_ => confirmer.RunAsync(ended));
        _ = loops.Run(new TopicWatch(admin, topic, head.Topic, head.Partitions, Begun(ends), publisher).RunAsync);
        _ = loops.Run(new StandstillWatch(parts.Kafka, head, publisher, parts.Watch, parts.Time, Waits).RunAsync);
        if (accounted is null && parts.Kafka.KeepEverything) _ = loops.Run(cancelled => AuditAsync(ends, cancelled));
        await FollowAsync(ends, Rationed(admin, publisher, ends), ended);
    }

    private async Task FollowAsync(PartitionEnd[] ends, IPublisher publisher, CancellationToken ended)
    {
        var rule = new SuccessorRule(ends.Select(e => e.Position));
        var healer = new Healer(_database, rule, publisher);
        await HealAsync(healer, ended);
        _confirmations.Closed();
        _healed = true;
        Waits(null);
        _streamer = new Streamer(_stream, new EventRows(head.Schema), rule, publisher, _confirmations,
            await _database.RefilledUpToAsync(ended), (reason, token) => HealAsync(healer, reason, token));
        await _streamer.RunAsync(ended);
    }

    /// <summary>
    /// PostgreSQL says why the stream ended before it frees the slot, so the word of the stream may only be still to be
    /// read, and says more. Meanwhile the slot may be another's.
    /// </summary>
    private async Task AskAsync(Lease lease, Loops loops, CancellationToken cancelled)
    {
        try
        {
            await lease.AskAsync(Seen(), cancelled);
        }
        catch (Exception) when (!cancelled.IsCancellationRequested)
        {
            _publisher?.Purge();
            await Task.WhenAny(loops.Fault, Task.Delay(FinishTimeout, parts.Time, cancelled));
            throw;
        }
    }

    private Action<SlotState> Seen()
    {
        var restartPoint = new RestartPoint(_slot, parts.Time);
        return slot =>
        {
            parts.Status.Slot = slot;
            restartPoint.Seen(slot);
        };
    }

    private void Headless(int partition) => parts.Log.Headless(parts.Store.Name, head.Topic, partition);

    /// <summary>
    /// Whoever published before this process may have met brokers that had lost the end of a partition, with so many
    /// events on their way: those came to lie above the hole, and a look at the last few does not show it.
    /// </summary>
    /// <exception cref="TopicChangedException">There is a hole.</exception>
    private async Task AuditAsync(PartitionEnd[] believed, CancellationToken ended)
    {
        for (var window = 2 * PartitionEnds.WindowRecords; ; window *= PartitionEnds.WindowGrowth)
        {
            window = Math.Min(window, PartitionEnds.AuditRecords);
            var ends = await EventuallyAsync(() => PartitionEnds.ReadAsync(
                parts.Kafka, head.Topic, head.Partitions, accounted: null, window, _ => { }, ended), ended);
            _holes = [.. Enumerable.Range(0, ends.Length).Where(p => ends[p].Position < believed[p].Position)];
            if (_holes is [var first, ..])
                throw new TopicChangedException($"Topic {head.Topic} partition {first} lacks what follows position "
                    + $"{ends[first].Position}, below what has come since: the brokers lost it.");
            if (window == PartitionEnds.AuditRecords || ends.All(end => end.Bytes >= KafkaClients.MaxOutstandingBytes))
                return;
        }
    }

    /// <summary>Brokers that are away now are asked again.</summary>
    private async Task<T> EventuallyAsync<T>(Func<Task<T>> read, CancellationToken ended)
    {
        while (true)
        {
            try
            {
                return await read();
            }
            catch (Exception e) when (e is KafkaException or TimeoutException)
            {
                await Task.Delay(TopicWatch.Interval, parts.Time, ended);
            }
        }
    }

    /// <summary>Null where the broker drops the oldest.</summary>
    private long[]? Begun(PartitionEnd[] ends) =>
        parts.Kafka.KeepEverything ? [.. ends.Select(end => end.FirstOffset)] : null;

    /// <summary>Only for the in-memory broker.</summary>
    private IPublisher Rationed(IAdminClient admin, Publisher publisher, PartitionEnd[] ends) =>
        parts.Store.ReadBy.Count == 0 ? publisher
            : new RationedPublisher(publisher, new UnreadGuard(admin, parts.Store.ReadBy, head.Topic,
                ends.Select(end => end.Accounted.NextOffset), parts.Guard.MaxUnreadBytesPerPartition, Waits));

    /// <summary>Null when publishing goes on.</summary>
    private void Waits(string? reason)
    {
        if (reason is not null) parts.Report(TailState.Active, $"publishing waits: {reason}");
        else if (_healed) parts.Report(TailState.Active, $"publishing {head.Topic} as {parts.Slot} speaks");
    }

    private async Task HealAsync(Healer healer, string reason, CancellationToken ended)
    {
        parts.Log.EventsMissing(parts.Store.Name, reason);
        await HealAsync(healer, ended);
    }

    private async Task HealAsync(Healer healer, CancellationToken ended)
    {
        // Read now, with the slot held: whatever commits later comes through the slot.
        var now = await _database.PublishedHeadAsync(ended)
            ?? throw new TopicChangedException("The store's head row went away.");
        var started = parts.Time.GetTimestamp();
        if (!_healed)
            parts.Report(TailState.Healing, $"comparing the store, at position {now.Position}, with {head.Topic}");
        var healed = await healer.HealAsync(now, ended);
        parts.Status.HasHealed(healed);
        if (healed > 0)
            parts.Log.Healed(parts.Store.Name, healed, parts.Time.GetElapsedTime(started).TotalSeconds);
    }

    /// <summary>A clean end waits for what it may only once that has had the time to end by itself.</summary>
    private static async Task LongAfterAsync(CancellationToken ended)
    {
        await Task.WhenAny(Task.Delay(Timeout.Infinite, ended));
        await Task.Delay(FinishTimeout, CancellationToken.None);
    }

    /// <summary>
    /// A clean end: what is on its way arrives and is confirmed, so the next start finds nothing to skip.
    /// </summary>
    private async Task FinishAsync()
    {
        if (_publisher is not { } publisher || _confirmer is not { } confirmer) return;
        await Blocking.RunAsync(() => publisher.Finish(FinishTimeout));
        try
        {
            await _confirming.WaitAsync(FinishTimeout);
            await confirmer.ReportAsync(CancellationToken.None).WaitAsync(FinishTimeout);
        }
        catch (Exception e) when (ReplicationStream.IsConnectionTrouble(e) || e is TimeoutException)
        {
            // Not confirmed: the next start skips these events by position.
        }
    }

    /// <summary>The producer first, and each whatever becomes of the others; the slot is free at the end.</summary>
    private async Task EndAsync()
    {
        try
        {
            if (_publisher is not null) await parts.Kafka.EndAsync(_publisher);
        }
        finally
        {
            try
            {
                if (_admin is not null) await parts.Kafka.EndAsync(_admin);
            }
            finally
            {
                await EndSourceAsync();
            }
        }
    }

    private async Task EndSourceAsync()
    {
        try
        {
            if (_lease is not null) await _lease.DisposeAsync();
        }
        catch (Exception e) when (ReplicationStream.IsConnectionTrouble(e))
        {
            // It was only asked by.
        }
        finally
        {
            await _stream.DisposeAsync();
            _confirmer?.Dispose();
        }
    }
}
