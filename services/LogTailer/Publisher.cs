using Confluent.Kafka;

namespace Checkout.LogTailer;

/// <summary>
/// Sends events in the order they are given, many at a time, and keeps account of what is acknowledged. One caller at a
/// time.
/// </summary>
public sealed class Publisher : IDisposable
{
    private readonly Head _head;
    private readonly Lease _lease;
    private readonly Confirmations _confirmations;
    private readonly SchemaIds _schemaIds;
    private readonly UnreadGuard? _guard;
    private readonly SendTelemetry _telemetry;
    private readonly Action _confirmable;
    private readonly Action<Exception> _fail;
    private readonly KafkaRecord _record;
    private readonly long[] _nextOffsets;
    // By ticket: there are never more outstanding than this holds.
    private readonly (StoredEvent Event, DateTime? CommittedAt)[] _sent = new (StoredEvent,
        DateTime?)[KafkaClients.MaxOutstandingEvents];
    private readonly EventProducer _producer;
    private bool _failed;
    private long _reached;

    public Publisher(
        KafkaClients kafka, Head head, PartitionEnd[] ends, Lease lease, Confirmations confirmations,
        SchemaIds schemaIds, UnreadGuard? guard, SendTelemetry telemetry, Action confirmable, Action<Exception> fail)
    {
        (_head, _lease, _confirmations, _schemaIds, _guard, _telemetry, _confirmable, _fail) =
            (head, lease, confirmations, schemaIds, guard, telemetry, confirmable, fail);
        _record = new KafkaRecord(head.Source);
        _nextOffsets = [.. ends.Select(e => e.NextOffset)];
        _producer = kafka.Producer(head.Topic, Delivered, error => Fail(Refused(error.Code)));
    }

    /// <summary>
    /// Completes at once unless something has to be waited for: the registry, acknowledgements, the consumers, or
    /// PostgreSQL's word that the slot is ours.
    /// </summary>
    /// <param name="committedAt">When the event's transaction committed; null when it is read from the store long
    /// after.</param>
    public ValueTask PublishAsync(StoredEvent e, DateTime? committedAt, CancellationToken stop)
    {
        if (!_schemaIds.TryGet(e, out var schemaId) || !_lease.IsFresh || _guard?.HasRoom(e) == false
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
            if (_guard is not null) await _guard.RoomAsync(e, stop);
            await _lease.FreshAsync(stop);
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
        _guard?.Sent(e.Partition, _record);
        _sent[Slot(ticket)] = (e, committedAt);
        Reached(e.Position);
        switch (_producer.Produce(e.Partition, _record, ticket))
        {
            case ErrorCode.NoError:
                return;
            case ErrorCode.MsgSizeTooLarge:
                throw TooLarge(e);
            case var refused:
                throw new KafkaException(refused);
        }
    }

    /// <summary>
    /// The event store refuses such events when they are appended, as long as its EventStore:MaxEventBytes fits what
    /// the brokers take.
    /// </summary>
    private PublicationStoppedException TooLarge(StoredEvent e) => new(
        $"Event {e.EventId} at position {e.Position} ({e.Type}, {e.Payload.Length} bytes) is larger than "
            + $"message.max.bytes: raise it in Kafka:Properties and on topic {_head.Topic} (max.message.bytes), and "
            + "set EventStore:MaxEventBytes of the service below it.");

    /// <summary>
    /// A producer that may write to no topic at all is told so by the cluster before it sends anything, and then
    /// fatally.
    /// </summary>
    private Exception Refused(ErrorCode code) =>
        code is ErrorCode.TopicAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed
        ? new PublicationStoppedException($"Kafka does not let this user write to topic {_head.Topic}: allow WRITE "
            + $"with kafka-acls.sh --add --topic {_head.Topic}.")
        : new KafkaException(code);

    /// <summary>Runs on the producer's poll thread, in order per partition.</summary>
    private void Delivered(Delivery report)
    {
        // After the first failure nothing may be confirmed: a new session judges by the topic itself.
        if (Volatile.Read(ref _failed)) return;
        if (report.Error != ErrorCode.NoError)
        {
            Fail(report.Error == ErrorCode.MsgSizeTooLarge
                ? TooLarge(_sent[Slot(report.Ticket)].Event)
                : Refused(_producer.FatalError is var fatal and not ErrorCode.NoError ? fatal : report.Error));
            return;
        }
        // Unknown (-1001) when the broker recognised a retry as a duplicate: then it is there, and only the next one
        // can be compared.
        ref var next = ref _nextOffsets[report.Partition];
        if (report.Offset >= 0 && report.Offset != next)
        {
            Fail(new TopicChangedException(
                $"Topic {_head.Topic} partition {report.Partition} gave offset {report.Offset} and {next} was next: "
                    + $"it was truncated, made anew, or written by another."));
            return;
        }
        Volatile.Write(ref next, next + 1);
        ref var sent = ref _sent[Slot(report.Ticket)];
        _telemetry.Acknowledged(_head, sent.Event, sent.CommittedAt, report.Offset);
        // Before the acknowledgement, which frees the place for another.
        sent = default;
        if (_confirmations.Acknowledge(report.Ticket)) _confirmable();
    }

    private long Slot(long ticket) => ticket & (_sent.Length - 1);

    /// <summary>Everything up to this position is on the topic, or was sent.</summary>
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
            if (_confirmations.Outstanding == 0) return reached > 0 ? reached : null;
            // Tickets are given in the order of positions.
            return Oldest?.Position - 1;
        }
    }

    /// <summary>
    /// The oldest event that waits for its acknowledgement; null where none does, or just now another does.
    /// </summary>
    public StoredEvent? Oldest => _confirmations.FirstOutstanding is { } ticket && _sent[Slot(ticket)].Event is { } e
        && _confirmations.FirstOutstanding == ticket ? e : null;

    public int Outstanding => _confirmations.Outstanding;

    /// <summary>The offsets at which the partitions should end; null while something is on its way.</summary>
    public long[]? QuietEnds()
    {
        if (_confirmations.Outstanding > 0) return null;
        var ends = NextOffsets();
        return _confirmations.Outstanding > 0 ? null : ends;
    }

    /// <summary>The offsets after the last acknowledged ones.</summary>
    public long[] NextOffsets()
    {
        var next = new long[_nextOffsets.Length];
        for (var p = 0; p < next.Length; p++) next[p] = Volatile.Read(ref _nextOffsets[p]);
        return next;
    }

    /// <summary>
    /// Lets what is on its way arrive, for a clean end: what arrives later lands as a duplicate behind the next
    /// session's events.
    /// </summary>
    public void Finish(TimeSpan atMost)
    {
        if (!Volatile.Read(ref _failed) && _lease.IsFresh) _producer.Flush(atMost);
    }

    private void Fail(Exception e)
    {
        if (!Interlocked.Exchange(ref _failed, true)) _fail(e);
    }

    /// <summary>Purges what is queued.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _failed, true);
        _producer.Dispose();
    }
}
