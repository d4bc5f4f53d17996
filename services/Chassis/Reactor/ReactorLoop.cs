using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Inbox;
using Checkout.Chassis.Kafka;
using Checkout.Chassis.Telemetry;
using Checkout.Chassis.WireFormat;
using Confluent.Kafka;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Checkout.Chassis.Reactor;

/// <summary>
/// Takes what Kafka has ready and has it handled, batch by batch: the only place that polls, pauses, seeks and stores
/// offsets. One dedicated thread, since polling blocks in native code. Offsets are stored after the commit of what they
/// stand for; they only say where to start reading, since exactly-once is the chain's.
/// </summary>
public sealed class ReactorLoop<TRows>(
    Choreography<TRows> choreography, Decoder<TRows> decoder, Handling<TRows> handling,
    DatabaseReady database, StoreHold hold, KafkaOptions kafka, BrokerWatch brokers, ReactorOptions options,
    ReactorState state, ReactorTelemetry telemetry, Lag lag, TimeProvider time, ILogger<ReactorLoop<TRows>> logger)
    : BackgroundService
{
    private const string Revoked = "revoked";

    private static readonly TimeSpan PollTimeout = TimeSpan.FromMilliseconds(100);
    /// <summary>
    /// Handling that takes longer than this goes on while the loop keeps polling with its partitions paused, so that it
    /// stays in the group.
    /// </summary>
    private static readonly TimeSpan PauseAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RestartDelay = TimeSpan.FromSeconds(1);
    /// <summary>
    /// Leaving the group takes a round trip; a client that does not come back from it is left to itself.
    /// </summary>
    private static readonly TimeSpan LongestClose = TimeSpan.FromSeconds(15);

    /// <summary>
    /// So long the last positions of what nothing is due for may take when a partition leaves; whoever gets it passes
    /// them over again.
    /// </summary>
    private static readonly TimeSpan LongestLeaving = TimeSpan.FromSeconds(2);

    private readonly Rereads _rereads = new(time);
    private readonly Reach _reach = new();
    private readonly ReadSince _since = new();
    private readonly Resting _resting = new(time);
    private readonly ReadingStart _start = new(choreography.IsChained, handling.PositionsAsync, time, logger);
    private readonly LeftTopics _leftTopics = new(handling.NotLackingAsync, state, time);
    // Topics made anew since this process began, and which of their partitions were assigned since.
    private readonly HashSet<string> _remade = [];
    private readonly HashSet<TopicPartition> _begunAnew = [];
    private readonly Dictionary<(string, int), Progress> _handled = [];
    private readonly PassedOver _passedOver = new(kafka.InMemory
        ? PassedOver.LongestWaitInMemory : PassedOver.LongestWait, time);
    private readonly KafkaRefusals _refusals = new(choreography.Service, state, logger);
    private IConsumer<byte[]?, byte[]?>? _current;
    private int _histories;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!choreography.Topics.Any()) return;
        await database.Migrated.WaitAsync(stoppingToken);
        await handling.KeepReactionsAsync(stoppingToken);
        await Task.Factory.StartNew(() => Run(stoppingToken), stoppingToken, TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
    }

    private void Run(CancellationToken stopping)
    {
        using var remade = new RemadeTopics(kafka, choreography.Read, _refusals.Topic);
        using var reading = new ReadingWatch(kafka, brokers, options, lag, time);
        while (!stopping.IsCancellationRequested)
            try
            {
                // Of a database that was lost they are lost, too.
                if (_histories != hold.Histories)
                    Task.Run(() => handling.KeepReactionsAsync(stopping), stopping).GetAwaiter().GetResult();
                var consumer = _current = Join(reading);
                try
                {
                    while (!stopping.IsCancellationRequested && !IsOutdated(remade) && !IsForgotten(consumer, reading)
                        && _histories == hold.Histories)
                    {
                        Handle(consumer, Take(consumer, reading), reading, stopping);
                        ReadHeldAgain(consumer);
                        ReadRestedAgain(consumer, reading);
                        if (_leftTopics.TakeUp(stopping) is { Count: > 0 } back) TakeUp(consumer, back);
                    }
                    Leave(consumer);
                }
                finally
                {
                    Close(consumer);
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                Log.ReactorRestarts(logger, e);
                telemetry.Restarted();
                state.Fail(e.Message);
                stopping.WaitHandle.WaitOne(RestartDelay);
            }
    }

    private IConsumer<byte[]?, byte[]?> Join(ReadingWatch reading)
    {
        reading.Begin();
        _histories = hold.Histories;
        _passedOver.Clear();
        _resting.Clear();
        var consumer = new ConsumerBuilder<byte[]?, byte[]?>(kafka.Consumer(choreography.Service))
            .SetPartitionsAssignedHandler((starting, assigned) =>
            {
                foreach (var partition in assigned) Forget(partition);
                _refusals.LetIn();
                state.Add(assigned);
                lag.Assigned(assigned);
                Log.Assigned(logger, string.Join(", ", assigned.Select(p => $"{p.Topic}/{p.Partition.Value}")));
                var starts = _start.Of(starting, assigned, BeginsAnew);
                foreach (var start in starts) _since.Begin(start.TopicPartition, start.Offset);
                reading.Assigned(starts);
                return starts;
            })
            .SetPartitionsRevokedHandler((left, revoked) => Forget(left, revoked, Revoked, reading))
            .SetPartitionsLostHandler((left, lost) => Forget(left, lost, "lost", reading))
            .SetStatisticsHandler(LostBrokers.Handler(kafka.BootstrapServers, () => Log.BrokersLost(logger)))
            .SetErrorHandler((_, error) => _refusals.Error(error))
            .SetLogHandler((_, message) => Log.KafkaClient(logger, message.Facility, message.Message))
            .Build();
        Subscribe(consumer);
        return consumer;
    }

    /// <summary>To all topics but those that are left to others.</summary>
    private void Subscribe(IConsumer<byte[]?, byte[]?> consumer)
    {
        if (choreography.Topics.Except(state.Left).ToList() is { Count: > 0 } topics) consumer.Subscribe(topics);
        else consumer.Unsubscribe();
    }

    /// <summary>
    /// What the consumer knows of a topic that was made anew, offsets among it, is of the old one: a new consumer reads
    /// the topic from its start.
    /// </summary>
    private bool IsOutdated(RemadeTopics remade)
    {
        // What is only followed another consumer reads, without a group.
        var topics = remade.Take().Intersect(choreography.Topics).ToList();
        foreach (var topic in topics)
        {
            _remade.Add(topic);
            _begunAnew.RemoveWhere(p => p.Topic == topic);
            Log.TopicRemade(logger, topic);
        }
        return topics.Count > 0;
    }

    private bool BeginsAnew(TopicPartition partition) => _remade.Contains(partition.Topic) && _begunAnew.Add(partition);

    /// <summary>A consumer that does not read, whatever the cause, is given up for another.</summary>
    private bool IsForgotten(IConsumer<byte[]?, byte[]?> consumer, ReadingWatch reading)
    {
        if (consumer.Subscription.Count == 0 || reading.WhyForgotten(consumer) is not { } why) return false;
        Log.ConsumerReplaced(logger, why);
        telemetry.ConsumerReplaced();
        return true;
    }

    private void Close(IConsumer<byte[]?, byte[]?> consumer)
    {
        var closing = Blocking.RunAsync(() => { using (consumer) consumer.Close(); });
        if (Ended(closing, LongestClose))
        {
            closing.GetAwaiter().GetResult();
            return;
        }
        _current = null;
        Log.ConsumerDoesNotClose(logger, LongestClose.TotalSeconds);
    }

    private void Forget(IConsumer<byte[]?, byte[]?> consumer, List<TopicPartitionOffset> partitions, string how,
        ReadingWatch reading)
    {
        // One that was left to itself may say so long after another took its place.
        if (!ReferenceEquals(consumer, _current)) return;
        if (how == Revoked) Leave(consumer);
        Resume(consumer, _resting.Forget(partitions.Select(p => p.TopicPartition)));
        _passedOver.Forget(partitions.Select(p => p.TopicPartition));
        foreach (var partition in partitions)
        {
            Forget(partition.TopicPartition);
            reading.Forget(partition.TopicPartition);
        }
        state.Forget(partitions.Select(p => p.TopicPartition));
        lag.Forget(partitions.Select(p => p.TopicPartition));
        Log.PartitionsLeft(logger, how, string.Join(", ", partitions.Select(p => $"{p.Topic}/{p.Partition.Value}")));
    }

    private void Forget(TopicPartition partition)
    {
        _rereads.Forget(partition);
        _reach.Forget(partition);
        _handled.Remove((partition.Topic, partition.Partition.Value));
    }

    /// <summary>
    /// Waits for a first record, then takes without waiting what else is ready, up to the limits. What was seen before
    /// is read no deeper than its headers.
    /// </summary>
    private Fetched Take(IConsumer<byte[]?, byte[]?> consumer, ReadingWatch reading)
    {
        var records = new List<Incoming>();
        var ends = new Dictionary<TopicPartition, long>();
        var bytes = 0;
        for (var record = Next(consumer, PollTimeout); record is not null; record = Next(consumer, TimeSpan.Zero))
        {
            var incoming = WithLateness(consumer, Incoming.From(record)) with
            {
                Since = _since.Came(record.TopicPartition, record.Offset.Value),
            };
            bytes += incoming.Value?.Length ?? 0;
            ends[record.TopicPartition] = record.Offset.Value + 1;
            reading.Came(record.TopicPartition);
            lag.Came(record.TopicPartition, record.Offset.Value);
            _reach.Came(record.TopicPartition, incoming.Offset, incoming.HasChain ? incoming.Position : null);
            if (IsSeen(incoming)) telemetry.Seen(incoming.Topic);
            else records.Add(WithoutValueIfPassedOver(incoming));
            if (records.Count >= options.MaxBatchRecords || bytes >= options.MaxBatchBytes) break;
        }
        return new(records, ends);
    }

    private Incoming WithLateness(IConsumer<byte[]?, byte[]?> consumer, Incoming record) =>
        choreography.IsChained(record.Topic)
            && record.Offset + 1 >= End(consumer, new(record.Topic, record.Partition))
            && record.OccurredAt is { } occurred
            ? record with { Lateness = time.GetUtcNow().UtcDateTime - occurred } : record;

    /// <summary>The offset behind the last record, as the last answer of a broker said.</summary>
    private static long End(IConsumer<byte[]?, byte[]?> consumer, TopicPartition partition) =>
        consumer.GetWatermarkOffsets(partition).High.Value;

    private Incoming WithoutValueIfPassedOver(Incoming record)
    {
        if (!decoder.IsPassedOver(record)) return record;
        telemetry.Passed(record.Topic);
        return record with { Value = null };
    }

    private ConsumeResult<byte[]?, byte[]?>? Next(IConsumer<byte[]?, byte[]?> consumer, TimeSpan timeout)
    {
        try
        {
            return consumer.Consume(timeout);
        }
        catch (ConsumeException e) when (!e.Error.IsFatal)
        {
            // A topic that is not there yet, or a broker away: the client goes on by itself.
            _refusals.Error(e.Error);
            return null;
        }
    }

    /// <summary>
    /// What was handled only grows, so an older value can only let through too much, which the pass then drops.
    /// </summary>
    private bool IsSeen(Incoming record) =>
        record.HasChain && choreography.IsChained(record.Topic)
        && _handled.TryGetValue((record.Topic, record.Partition), out var handled)
        && Chain.Place(record.Position, record.Previous!.Value, record.EventId, handled.Position, handled.EventId)
            == Link.Seen;

    /// <summary>
    /// Records that nothing is due for cost no transaction of their own: their positions move with the next batch, or
    /// after a while.
    /// </summary>
    private void Handle(IConsumer<byte[]?, byte[]?> consumer, Fetched fetched, ReadingWatch reading,
        CancellationToken stopping)
    {
        if (_passedOver.MayWait(fetched, decoder.IsPassedOver,
            partition => _handled.TryGetValue(partition, out var handled) ? handled.Position : null))
        {
            foreach (var partition in fetched.Records.Select(r => new TopicPartition(r.Topic, r.Partition)).Distinct())
                Release(partition);
            // Nothing is due for them; only their positions wait.
            foreach (var (partition, end) in fetched.Ends) lag.Handled(partition, end);
            return;
        }
        var all = _passedOver.TakeWith(fetched);
        var held = all.Records.Count > 0 ? HandleRecords(consumer, all.Records, reading, stopping) : [];
        foreach (var (partition, end) in all.Ends)
            if (!held.Contains(partition) && Reaches(consumer, partition, end)) Store(consumer, partition, end);
    }

    /// <summary>
    /// Whether what was read reaches what was handled. Until then no offset is stored, and where the partition ends
    /// before it, what comes there is no more what was seen.
    /// </summary>
    private bool Reaches(IConsumer<byte[]?, byte[]?> consumer, TopicPartition partition, long end)
    {
        if (!choreography.IsChained(partition.Topic)
            || !_handled.TryGetValue((partition.Topic, partition.Partition.Value), out var handled)) return true;
        switch (_reach.Of(partition, end, End(consumer, partition), handled.Position))
        {
            case (Reaching.Enough, _):
                state.Reaches(partition);
                return true;
            case (Reaching.Unknown, _):
                ReadFromStart(consumer, partition);
                break;
            case (Reaching.Short, var farthest) when state.TryFallBehind(partition, farthest, handled.Position):
                Log.TopicBehind(logger, partition.Topic, partition.Partition.Value, farthest, handled.Position);
                break;
        }
        return false;
    }

    /// <summary>Before a partition leaves: the last positions of what nothing is due for.</summary>
    private void Leave(IConsumer<byte[]?, byte[]?> consumer)
    {
        var waiting = _passedOver.TakeWith(Fetched.Nothing);
        if (waiting.Records.Count == 0) return;
        using var limit = new CancellationTokenSource(LongestLeaving, time);
        try
        {
            var result = Task.Run(() => handling.HandleAsync(waiting.Records, limit.Token)).GetAwaiter().GetResult();
            foreach (var (partition, end) in waiting.Ends)
                if ((partition.Topic, partition.Partition.Value) is var at && !result.Gaps.ContainsKey(at)
                    && !result.Stops.ContainsKey(at)) Store(consumer, partition, end);
        }
        catch (OperationCanceledException)
        {
            // Whoever gets a partition passes over again what is of it; the rest is still this consumer's, which has
            // read beyond it.
            _passedOver.Keep(waiting);
        }
    }

    /// <summary>Returns the partitions of which not all was handled.</summary>
    private HashSet<TopicPartition> HandleRecords(IConsumer<byte[]?, byte[]?> consumer, IReadOnlyList<Incoming> records,
        ReadingWatch reading, CancellationToken stopping)
    {
        var result = WaitFor(consumer, Task.Run(() => handling.HandleAsync(records, stopping), stopping), reading);
        foreach (var (partition, progress) in result.Handled) _handled[partition] = progress;
        var held = new HashSet<TopicPartition>();
        foreach (var group in records.GroupBy(r => new TopicPartition(r.Topic, r.Partition)))
        {
            var at = (group.Key.Topic, group.Key.Partition.Value);
            if (result.Stops.TryGetValue(at, out var stop))
            {
                _since.Begin(group.Key, group.First(record => record.Offset == stop.Offset).Since ?? stop.Offset);
                Rest(consumer, group.Key, stop);
            }
            else if (result.Gaps.TryGetValue(at, out var handled))
            {
                if (choreography.IsChained(group.Key.Topic)) Missing(consumer, group.Key, handled, group.Last());
                else GoBack(consumer, group.Key, handled, group.First());
            }
            else
            {
                Release(group.Key);
                continue;
            }
            held.Add(group.Key);
        }
        return held;
    }

    /// <summary>
    /// The partition is read again from that record on, later; and what was handled before it is not read again.
    /// </summary>
    private void Rest(IConsumer<byte[]?, byte[]?> consumer, TopicPartition partition, Stop stop)
    {
        if (state.TryStop(partition, stop) && stop.Reason != StopReason.HandedBack)
            Log.Stopped(logger, partition.Topic, partition.Partition.Value, stop.Offset, stop.Sentence);
        if (!consumer.Assignment.Contains(partition)) return;
        consumer.Seek(new(partition, stop.Offset));
        Store(consumer, partition, stop.Offset);
        consumer.Pause([partition]);
        _resting.Begin(partition, stop.Reason);
        if (stop.Reason == StopReason.HandedBack && state.TryLeave(partition.Topic, stop.Sentence))
        {
            Log.TopicLeft(logger, partition.Topic, stop.Sentence);
            Subscribe(consumer);
        }
    }

    private void ReadRestedAgain(IConsumer<byte[]?, byte[]?> consumer, ReadingWatch reading)
    {
        foreach (var partition in _resting.All) reading.Rests(partition);
        Resume(consumer, _resting.Due());
    }

    private void TakeUp(IConsumer<byte[]?, byte[]?> consumer, IReadOnlyList<string> topics)
    {
        foreach (var topic in topics)
            if (state.TryTakeUp(topic)) Log.TopicTakenUp(logger, topic);
        Subscribe(consumer);
    }

    /// <summary>
    /// Also before it leaves: a partition that leaves while it is paused is still paused when it comes back.
    /// </summary>
    private static void Resume(IConsumer<byte[]?, byte[]?> consumer, IReadOnlyList<TopicPartition> rested)
    {
        if (rested.Count == 0) return;
        try
        {
            consumer.Resume(rested);
        }
        catch (KafkaException e) when (e.Error.Code is ErrorCode.Local_State or ErrorCode.Local_UnknownPartition)
        {
            // Lost meanwhile.
        }
    }

    /// <summary>
    /// Long handling must not cost the membership: the partitions are paused and polled until it ends. Revoked ones are
    /// the other instance's; the chain sorts that out.
    /// </summary>
    private PassResult WaitFor(IConsumer<byte[]?, byte[]?> consumer, Task<PassResult> handling, ReadingWatch reading)
    {
        if (!Ended(handling, PauseAfter))
        {
            var paused = new HashSet<TopicPartition>();
            do
            {
                paused.UnionWith(consumer.Assignment);
                consumer.Pause(consumer.Assignment);
                if (Next(consumer, TimeSpan.Zero) is { } early) consumer.Seek(early.TopicPartitionOffset);
            }
            while (!Ended(handling, PollTimeout));
            // Those that have left meanwhile too: a partition that leaves while it is paused is still paused when it
            // comes back (seen, librdkafka 2.16.0), and would never be read again.
            consumer.Resume(paused);
            reading.BeginAllAnew();
        }
        return handling.GetAwaiter().GetResult();
    }

    private static bool Ended(Task handling, TimeSpan within) =>
        handling.IsCompleted || ((IAsyncResult)handling).AsyncWaitHandle.WaitOne(within);

    private void Release(TopicPartition partition)
    {
        _rereads.Forget(partition);
        if (state.TryGoOn(partition)) Log.GoesOn(logger, partition.Topic, partition.Partition.Value);
        if (state.TryRelease(partition)) Log.ChainWholeAgain(logger, partition.Topic, partition.Partition.Value);
    }

    private void Store(IConsumer<byte[]?, byte[]?> consumer, TopicPartition partition, long end)
    {
        lag.Handled(partition, end);
        try
        {
            consumer.StoreOffset(new TopicPartitionOffset(partition, end));
        }
        catch (KafkaException e) when (e.Error.Code is ErrorCode.Local_State or ErrorCode.Local_UnknownPartition)
        {
            // The partition went to another instance meanwhile; it reads this record again and drops it.
        }
    }

    /// <summary>
    /// The chain does not fit: read the partition from its start. Where that does not help, the record is missing
    /// there, and LogTailer will publish it again.
    /// </summary>
    private void Missing(IConsumer<byte[]?, byte[]?> consumer, TopicPartition partition, long handled, Incoming last)
    {
        if (_rereads.IsDue(partition, handled))
        {
            Log.ReadsFromStart(logger, partition.Topic, partition.Partition.Value, handled, last.Position);
            ReadFromStart(consumer, partition);
            return;
        }
        var follows = last.Previous ?? 0;
        if (!state.TryHold(partition, handled, follows)) return;
        if (follows < handled)
            Log.OtherHistory(logger, partition.Topic, partition.Partition.Value, last.Position, follows, handled);
        else Log.RecordMissing(logger, partition.Topic, partition.Partition.Value, handled, last.Position, follows);
    }

    /// <summary>
    /// The database has not handled what was read before: it is an older one than when this reading began.
    /// </summary>
    private void GoBack(IConsumer<byte[]?, byte[]?> consumer, TopicPartition partition, long handled, Incoming first)
    {
        if (!consumer.Assignment.Contains(partition)) return;
        Log.GoesBack(logger, partition.Topic, partition.Partition.Value, first.Offset, handled);
        _since.Begin(partition, handled);
        consumer.Seek(new TopicPartitionOffset(partition, handled));
    }

    /// <summary>What a held partition has at its start may be another by now, though nothing new says so.</summary>
    private void ReadHeldAgain(IConsumer<byte[]?, byte[]?> consumer)
    {
        foreach (var partition in _rereads.Due()) ReadFromStart(consumer, partition);
    }

    private void ReadFromStart(IConsumer<byte[]?, byte[]?> consumer, TopicPartition partition)
    {
        if (!consumer.Assignment.Contains(partition)) return;
        _reach.BeginFromStart(partition);
        consumer.Seek(new TopicPartitionOffset(partition, Offset.Beginning));
    }
}
