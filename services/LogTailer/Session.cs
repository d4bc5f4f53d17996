using System.Runtime.ExceptionServices;
using Checkout.Chassis.Kafka;
using Confluent.Kafka;
using Npgsql;
using Npgsql.Replication.PgOutput.Messages;

namespace Checkout.LogTailer;

/// <summary>What a session needs that outlives it.</summary>
public sealed record SessionParts(
    StoreOptions Store, string Slot, NpgsqlDataSource Source, StoreDatabase Database, KafkaClients Kafka,
    Chassis.Registry.SchemaRegistry Registry, UnreadGuardOptions Guard, WatchOptions Watch, SendTelemetry Telemetry,
    TimeProvider Time, TailStatus Status, ILogger Log, Action<TailState, string> Report);

/// <summary>
/// From holding the slot to losing it or failing: find the topic's ends, publish what is missing there, then push as
/// the log speaks. Any doubt ends the session; the next one judges by the topic itself, so nothing has to be remembered
/// or repaired.
/// </summary>
/// <param name="accounted">What the session before accounted for.</param>
public sealed class Session(SessionParts parts, Head head, long[]? accounted) : IAsyncDisposable
{
    private static readonly TimeSpan FinishTimeout = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _ended = new();
    private readonly Confirmations _confirmations = new(KafkaClients.MaxOutstandingEvents,
        KafkaClients.MaxOutstandingBytes);
    private readonly ReplicationReader _reader = new(parts.Store.ConnectionString, parts.Slot);
    private readonly RestartPoint _restartPoint = new(parts.Database, parts.Slot, parts.Time);
    private Publisher? _publisher;
    private Exception? _failure;
    private bool _healed;

    /// <summary>
    /// Everything up to this position of the store is acknowledged; null where that is not known yet.
    /// </summary>
    public long? Acknowledged => _publisher?.Acknowledged;

    /// <summary>The offsets up to which it knows what is on the topic.</summary>
    public long[]? Accounted => _publisher?.NextOffsets() ?? accounted;

    /// <summary>Ends only by cancellation or an exception.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, _ended.Token);
        try
        {
            await HoldSlotAsync(either.Token, stop);
        }
        catch (Exception e)
            when (!stop.IsCancellationRequested && Volatile.Read(ref _failure) is { } failure && failure != e)
        {
            // What ended the session says more than the cancellations that followed from it.
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    private void Fail(Exception e)
    {
        if (Interlocked.CompareExchange(ref _failure, e, null) is null) _ended.CancelAsync();
    }

    private async Task HoldSlotAsync(CancellationToken ended, CancellationToken stop)
    {
        // Until healing is done nothing counts as idle, so no position is confirmed past an event that is not on the
        // topic.
        _confirmations.Opened();
        await _reader.OpenAsync(ended);
        using var streaming = CancellationTokenSource.CreateLinkedTokenSource(ended);
        await using var messages = _reader.Stream(streaming.Token).GetAsyncEnumerator(streaming.Token);
        // START_REPLICATION goes out with the first move; the move itself may last until the next event.
        var next = StartedAsync(messages, streaming.Token);
        try
        {
            await using var lease = await Lease.StartAsync(parts.Source, parts.Slot, _reader.WalSenderPid, parts.Time,
                Seen, e => LostAsync(e, next), ended);
            await Task.WhenAny(next, lease.Gained).WaitAsync(ended);
            await PublishAsync(messages, next, lease, ended, stop);
        }
        finally
        {
            await streaming.CancelAsync();
            await SettledAsync(next);
        }
    }

    /// <summary>
    /// The first move. A slot that can't be read is told by it, at once or when the first change is decoded: then the
    /// session ends, whatever it is at.
    /// </summary>
    private async Task<bool> StartedAsync(IAsyncEnumerator<PgOutputReplicationMessage> messages,
        CancellationToken ended)
    {
        try
        {
            return await ReplicationReader.StartedAsync(messages.MoveNextAsync().AsTask(), parts.Slot);
        }
        catch (Exception e) when (!ended.IsCancellationRequested)
        {
            Fail(e);
            throw;
        }
    }

    /// <summary>
    /// PostgreSQL says why the stream ended before it frees the slot, so the word of the stream is only still to be
    /// read, and says more.
    /// </summary>
    private async Task LostAsync(Exception e, Task<bool> next)
    {
        await Task.WhenAny(next, Task.Delay(FinishTimeout, parts.Time));
        Fail(e);
    }

    private async Task PublishAsync(
        IAsyncEnumerator<PgOutputReplicationMessage> messages, Task<bool> next, Lease lease, CancellationToken ended,
        CancellationToken stop)
    {
        var admin = parts.Kafka.Admin();
        try
        {
            await PublishAsync(admin, messages, next, lease, ended, stop);
        }
        finally
        {
            await parts.Kafka.EndAsync(admin);
        }
    }

    private async Task PublishAsync(
        IAdminClient admin, IAsyncEnumerator<PgOutputReplicationMessage> messages, Task<bool> next, Lease lease,
        CancellationToken ended, CancellationToken stop)
    {
        var topics = new Topic(parts.Kafka, admin);
        await topics.EnsureAsync(head, reason => parts.Report(TailState.Waiting, reason), ended);
        var ends = await PartitionEnds.ReadAsync(parts.Kafka, head.Topic, head.Partitions, accounted, Headless, ended);
        await PartitionEnds.MustBelongToAsync(parts.Database, head, ends, ended);

        using var confirmer = new Confirmer(_reader, _confirmations, Fail);
        // A registry that was lost gives its ids anew, so none is known from the session before.
        parts.Registry.Forget();
        var schemaIds = new SchemaIds(parts.Database, parts.Registry, head.Topic, Waits);
        var publisher = _publisher = new Publisher(
            parts.Kafka, head, ends, lease, _confirmations, schemaIds, Guard(admin, ends), parts.Telemetry,
            confirmer.Signal, Fail);
        var learning = schemaIds.LearnAsync(ended);
        var confirming = confirmer.RunAsync(ended);
        var watching = new TopicWatch(admin, topics, head.Topic, ends, parts.Kafka.InMemory, publisher, Fail)
            .RunAsync(ended);
        var judging = new StandstillWatch(parts.Kafka, head, publisher, parts.Watch, parts.Time, Waits, Fail)
            .RunAsync(ended);
        try
        {
            var rule = new SuccessorRule(ends.Select(e => e.Position));
            var healer = new Healer(parts.Database, rule, publisher);
            await HealAsync(healer, ended);
            _confirmations.Closed();
            _healed = true;
            Waits(null);
            await new Streamer(head, rule, healer, publisher, _confirmations, parts).RunAsync(messages, next, ended);
        }
        catch (Exception e) when (!stop.IsCancellationRequested)
        {
            // Before what follows from the end of the stream, such as a lease that finds the slot free, can be taken
            // for the reason.
            Fail(e);
            throw;
        }
        finally
        {
            if (stop.IsCancellationRequested && Volatile.Read(ref _failure) is null)
                await FinishAsync(publisher, confirmer);
            await _ended.CancelAsync();
            await SettledAsync(learning);
            await SettledAsync(confirming);
            await SettledAsync(watching);
            await SettledAsync(judging);
            await parts.Kafka.EndAsync(publisher);
        }
    }

    /// <summary>Null when publishing goes on.</summary>
    private void Waits(string? reason)
    {
        if (reason is not null) parts.Report(TailState.Active, $"publishing waits: {reason}");
        else if (_healed) parts.Report(TailState.Active, $"publishing {head.Topic} as {parts.Slot} speaks");
    }

    private void Seen(SlotState slot)
    {
        parts.Status.Slot = slot;
        _restartPoint.Seen(slot);
    }

    private void Headless(int partition) => parts.Log.Headless(parts.Store.Name, head.Topic, partition);

    private UnreadGuard? Guard(IAdminClient admin, PartitionEnd[] ends) =>
        parts.Store.ReadBy.Count == 0 ? null
            : new UnreadGuard(admin, parts.Store.ReadBy, head.Topic, ends, parts.Guard.MaxUnreadBytesPerPartition,
                Waits);

    private async Task HealAsync(Healer healer, CancellationToken ended)
    {
        // Read now, with the slot held: whatever commits later comes through the slot.
        var now = await parts.Database.HeadAsync(ended)
            ?? throw new TopicChangedException("The store's head row went away.");
        var started = parts.Time.GetTimestamp();
        parts.Report(TailState.Healing, $"comparing the store, at position {now.Position}, with {head.Topic}");
        var healed = await healer.HealAsync(now, ended);
        parts.Status.HasHealed(healed);
        if (healed > 0) parts.Log.Healed(parts.Store.Name, healed, parts.Time.GetElapsedTime(started).TotalSeconds);
    }

    /// <summary>
    /// A clean end: what is on its way arrives and is confirmed, so the next start finds nothing to skip.
    /// </summary>
    private static async Task FinishAsync(Publisher publisher, Confirmer confirmer)
    {
        await Blocking.RunAsync(() => publisher.Finish(FinishTimeout));
        try
        {
            await confirmer.ReportAsync(CancellationToken.None).WaitAsync(FinishTimeout);
        }
        catch (Exception e) when (ReplicationReader.IsConnectionTrouble(e) || e is TimeoutException)
        {
            // Not confirmed: the next start skips these events by position.
        }
    }

    private static async Task SettledAsync(Task task)
    {
        try
        {
            await task.WaitAsync(FinishTimeout);
        }
        catch (Exception e)
            when (e is OperationCanceledException or TimeoutException or KafkaException or SlotLostException
                or SlotIsAnothersException
            || ReplicationReader.IsConnectionTrouble(e))
        {
            // The reason is reported by whoever ended the session.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _reader.DisposeAsync();
        _ended.Dispose();
    }
}
