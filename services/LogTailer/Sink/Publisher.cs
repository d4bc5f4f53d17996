using Checkout.LogTailer.Confirming;
using Checkout.LogTailer.Source;
using Confluent.Kafka;

namespace Checkout.LogTailer.Sink;

/// <summary>Takes events in the order in which they are to be on the topic. One caller at a time.</summary>
public interface IPublisher
{
    /// <summary>Completes at once unless something has to be waited for.</summary>
    /// <param name="committedAt">
    /// When the event's transaction committed; null when it is read from the store long after.
    /// </param>
    ValueTask PublishAsync(StoredEvent e, DateTime? committedAt, CancellationToken stop);

    /// <summary>Everything up to this position is on the topic, or was sent.</summary>
    void Reached(long position);
}

/// <summary>How far it is known what is on a partition.</summary>
/// <param name="NextOffset">The offset after the last record that is known.</param>
/// <param name="Position">The position of the event in that last record; where it holds none, one that none
/// has.</param>
public readonly record struct Accounted(long NextOffset, long Position)
{
    public const long NoEvent = -1;

    /// <summary>What was accounted for proved wrong: the whole partition says what is there.</summary>
    public static readonly Accounted Lost = new(long.MaxValue, NoEvent);
}

/// <summary>
/// Sends events in the order they are given, many at a time, and keeps account of what is acknowledged.
/// </summary>
public sealed class Publisher : IPublisher, IDisposable
{
    private readonly Head _head;
    private readonly Lease _lease;
    private readonly Confirmations _confirmations;
    private readonly SchemaIds _schemaIds;
    private readonly SendTelemetry _telemetry;
    private readonly Action _confirmable;
    private readonly Action<Exception> _fail;
    private readonly KafkaRecord _record;
    private readonly long _aloneThrough;
    private readonly Lock _lock = new();
    private readonly Accounted[] _accounted;
    // By ticket: there are never more outstanding than this holds.
    private readonly Sent[] _sent = new Sent[KafkaClients.MaxOutstandingEvents];
    private readonly EventProducer _producer;
    private bool _ended;
    private long _reached = -1;

    /// <param name="accounted">Where the partitions end now.</param>
    /// <param name="confirmable">Called when a transaction's last event is acknowledged.</param>
    /// <param name="fail">Called once, when it can't go on.</param>
    /// <param name="aloneThrough">Each event up to this position is sent when nothing is outstanding.</param>
    public Publisher(
        KafkaClients kafka, Head head, IEnumerable<Accounted> accounted, Lease lease, Confirmations confirmations,
        SchemaIds schemaIds, SendTelemetry telemetry, Action confirmable, Action<Exception> fail,
        TimeProvider time, long aloneThrough)
    {
        (_head, _lease, _confirmations, _schemaIds, _telemetry, _confirmable, _fail) =
            (head, lease, confirmations, schemaIds, telemetry, confirmable, fail);
        (_record, _aloneThrough) = (new KafkaRecord(head.Source, time), aloneThrough);
        _accounted = [.. accounted];
        _producer = kafka.Producer(head.Topic, Delivered, error => Fail(Refused(error.Code)));
    }

    /// <summary>
    /// Waits, where it has to, for the registry, for acknowledgements, or for PostgreSQL's word that the slot is ours.
    /// </summary>
    public ValueTask PublishAsync(StoredEvent e, DateTime? committedAt, CancellationToken stop)
    {
        if (IsAlone(e) || Volatile.Read(ref _ended) || !_schemaIds.TryGet(e, out var schemaId) || !_lease.IsFresh
            || !_confirmations.TryIssue(e.Payload.Length, out var ticket))
            return WaitAndPublishAsync(e, committedAt, stop);
        Send(e, committedAt, schemaId, ticket);
        return default;
    }

    private async ValueTask WaitAndPublishAsync(StoredEvent e, DateTime? committedAt, CancellationToken stop)
    {
        var schemaId = await _schemaIds.GetAsync(e, stop);
        while (true)
        {
            if (IsAlone(e)) await _confirmations.IdleAsync().WaitAsync(stop);
            await _lease.FreshAsync(stop);
            // The reason for the end is another's to tell.
            if (Volatile.Read(ref _ended)) await Task.Delay(Timeout.Infinite, stop);
            // The lease last: what was waited for above may have taken long.
            if (!_lease.IsFresh) continue;
            if (_confirmations.TryIssue(e.Payload.Length, out var ticket))
            {
                Send(e, committedAt, schemaId, ticket);
                return;
            }
            await _confirmations.RoomAsync().WaitAsync(stop);
        }
    }

    private void Send(StoredEvent e, DateTime? committedAt, int schemaId, long ticket)
    {
        _record.Fill(e, schemaId);
        _sent[Place(ticket)] = new(e, committedAt);
        Reached(e.Position);
        switch (_producer.Produce(e.Partition, _record, ticket))
        {
            case ErrorCode.NoError:
                return;
            case ErrorCode.MsgSizeTooLarge:
                throw RefusedRecords.Explained(ErrorCode.MsgSizeTooLarge, e, _head.Topic);
            case var refused:
                throw new KafkaException(refused);
        }
    }

    /// <summary>
    /// A producer that may write to no topic at all is told so by the cluster before it sends anything, and then
    /// fatally.
    /// </summary>
    private Exception Refused(ErrorCode code, StoredEvent? e = null) =>
        code is ErrorCode.TopicAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed
            ? new PublicationStoppedException($"Kafka does not let this user write to topic {_head.Topic}: allow WRITE "
                + $"with kafka-acls.sh --add --topic {_head.Topic}.")
            : new KafkaException(e is null ? new Error(code) : new Error(code,
                $"{new Error(code).Reason}, at event {e.EventId}, position {e.Position}"));

    /// <summary>Runs on the producer's poll thread, in order per partition.</summary>
    private void Delivered(Delivery report)
    {
        // After the first failure nothing may be confirmed: a new session judges by the topic itself.
        if (Volatile.Read(ref _ended)) return;
        ref var sent = ref _sent[Place(report.Ticket)];
        if (report.Error != ErrorCode.NoError)
        {
            Fail(Undelivered(report, sent.Event!));
            return;
        }
        if (!TryAccount(report, sent.Event!.Position, out var next))
        {
            Fail(new TopicChangedException(
                $"Topic {_head.Topic} partition {report.Partition} gave offset {report.Offset} and {next} was next: "
                    + "it was truncated, made anew, or written by another."));
            return;
        }
        _telemetry.Acknowledged(_head, sent.Event, sent.CommittedAt, report.Offset);
        // Before the acknowledgement, which frees the place for another.
        sent = default;
        if (_confirmations.Acknowledge(report.Ticket)) _confirmable();
    }

    private Exception Undelivered(Delivery report, StoredEvent e)
    {
        if (_producer.FatalError is var fatal and not ErrorCode.NoError) return Refused(fatal);
        if (!RefusedRecords.IsAboutRecord(report.Error)) return Refused(report.Error, e);
        return IsAlone(e) || _confirmations.Outstanding == 1
            ? RefusedRecords.Explained(report.Error, e, _head.Topic)
            : new RecordRefusedException(Volatile.Read(ref _reached), $"Kafka refuses one of some events from position "
                + $"{e.Position} on ({report.Error}). They are sent one by one, to find it.");
    }

    /// <summary>Whether no other is sent with it: a request with one of these was refused.</summary>
    private bool IsAlone(StoredEvent e) => e.Position <= _aloneThrough;

    /// <summary>False for an offset that is not the next.</summary>
    private bool TryAccount(Delivery report, long position, out long next)
    {
        lock (_lock)
        {
            next = _accounted[report.Partition].NextOffset;
            // Unknown (-1001) when the broker recognised a retry as a duplicate: then it is there, and only the next
            // one can be compared.
            if (report.Offset >= 0 && report.Offset != next) return false;
            _accounted[report.Partition] = new(next + 1, position);
            return true;
        }
    }

    private long Place(long ticket) => ticket & (_sent.Length - 1);

    public void Reached(long position)
    {
        if (position > Volatile.Read(ref _reached)) Volatile.Write(ref _reached, position);
    }

    /// <summary>Everything up to this position is acknowledged; null where that is not known yet.</summary>
    public long? Acknowledged
    {
        get
        {
            var reached = Volatile.Read(ref _reached);
            if (_confirmations.Outstanding == 0) return reached >= 0 ? reached : null;
            // Tickets are given in the order of positions.
            return Oldest?.Position - 1;
        }
    }

    /// <summary>
    /// The oldest event that waits for its acknowledgement; null where none does, or just now another does.
    /// </summary>
    public StoredEvent? Oldest => _confirmations.FirstOutstanding is { } ticket
        && _sent[Place(ticket)].Event is { } e
        && _confirmations.FirstOutstanding == ticket ? e : null;

    public int Outstanding => _confirmations.Outstanding;

    /// <summary>The offsets at which the partitions should end; null while something is on its way.</summary>
    public long[]? QuietEnds()
    {
        if (_confirmations.Outstanding > 0) return null;
        long[] ends = [.. Accounted().Select(a => a.NextOffset)];
        return _confirmations.Outstanding > 0 ? null : ends;
    }

    /// <summary>What is acknowledged, by partition.</summary>
    public Accounted[] Accounted()
    {
        lock (_lock) return [.. _accounted];
    }

    /// <summary>
    /// Lets what is on its way arrive, for a clean end: what arrives later lands as a duplicate behind the next
    /// session's events.
    /// </summary>
    public void Finish(TimeSpan atMost)
    {
        if (!Volatile.Read(ref _ended) && _lease.IsFresh) _producer.Flush(atMost);
    }

    /// <summary>
    /// From here on nothing is sent but what is on the wire already: the slot may be another's. Does not wait.
    /// </summary>
    public void Purge()
    {
        Volatile.Write(ref _ended, true);
        _producer.Purge();
    }

    private void Fail(Exception e)
    {
        if (!Interlocked.Exchange(ref _ended, true)) _fail(e);
    }

    public void Dispose()
    {
        Purge();
        _producer.Dispose();
    }

    private readonly record struct Sent(StoredEvent Event, DateTime? CommittedAt);
}
