using System.Collections.Concurrent;
using Checkout.Chassis.Inbox;
using Checkout.Chassis.Kafka;
using Checkout.Chassis.Operating;
using Checkout.Chassis.Registry;
using Checkout.Chassis.Resilience;
using Checkout.Chassis.State;
using Checkout.Observer.Asking;
using Checkout.Observer.Auditing;
using Confluent.Kafka;
using Npgsql;

namespace Checkout.Observer.Reading;

/// <summary>
/// Reads the topics and judges what comes, a batch a transaction: as many records as are there, up to a limit. What it
/// is told of a partition comes by the same way as its records, and so in order.
/// </summary>
public sealed class AuditLoop : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan EndsInterval = TimeSpan.FromMilliseconds(500);

    private readonly Words _came = new();
    private readonly ConcurrentDictionary<TopicPartition, long> _next = new();
    private readonly ConcurrentDictionary<TopicPartition, bool> _remade = new();
    /// <summary>Of the reader's thread: where it was told to begin.</summary>
    private readonly HashSet<TopicPartition> _told = [];
    /// <summary>All partitions of the topics that are read by now; none of a topic until all of it are.</summary>
    private IReadOnlyCollection<TopicPartition> _read = [];
    /// <summary>Partitions that are to be read from their start, and whose reading did not begin there yet.</summary>
    private readonly HashSet<TopicPartition> _awaited = [];
    /// <summary>Partitions that are others now, of which nothing is read.</summary>
    private readonly HashSet<TopicPartition> _forgotten = [];
    private readonly Dictionary<TopicPartition, long> _ends = [];
    private long _generation;
    private CancellationToken _stopping;
    private readonly KafkaOptions _kafka;
    private readonly ObserverDatabase _ready;
    private readonly NpgsqlDataSource _database;
    private readonly ObserverOptions _options;
    private readonly Processes _processes;
    private readonly AuditStatus _status;
    private readonly TimeProvider _time;
    private readonly ILogger<AuditLoop> _logger;
    private readonly Decoder<NoRows> _decoder;
    private readonly AuditTransaction _transaction;
    private readonly Frontier _frontier;
    private readonly LostPositions _lost;
    private readonly Reaching _reaching;
    private readonly GrouplessReader _reader;

    public AuditLoop(KafkaOptions kafka, SchemaRegistry registry, ObserverDatabase ready, NpgsqlDataSource database,
        ObserverOptions options, Processes processes, AuditStatus status, TimeProvider time, ILogger<AuditLoop> logger)
    {
        (_kafka, _ready, _database, _options, _processes, _status, _time, _logger) =
            (kafka, ready, database, options, processes, status, time, logger);
        _decoder = new(ObservedEvents.Table, registry);
        _transaction = new(database, options.ClockTolerance);
        _frontier = new(database);
        _lost = new(database);
        _reaching = new(time);
        _reader = new(kafka, ObservedEvents.Service, ObservedEvents.All,
            () => Tell(new(default!, Reads: [.. _told])), Came, time, logger)
        {
            From = From,
            AtEnd = (partition, end) => Tell(new(partition, AtEnd: end)),
            Remade = partition =>
            {
                _remade[partition] = true;
                Tell(new(partition, IsRemade: true));
            },
        };
    }

    private DateTime Now => _time.GetUtcNow().UtcDateTime;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _stopping = stoppingToken;
        try
        {
            await _ready.Migrated.WaitAsync(stoppingToken);
            await WaitedOut().ExecuteAsync(async token => await LoadAsync(token), stoppingToken);
            _status.HasBegun(Now);
            await Task.WhenAll(_reader.RunAsync(stoppingToken), JudgeAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    /// <summary>One before the next, by which a topic that was made anew is known.</summary>
    private long From(TopicPartition partition)
    {
        _told.Add(partition);
        Tell(new(partition, Begins: true));
        return _remade.ContainsKey(partition) ? 0 : Math.Max(0, _next.GetOrAdd(partition, 0) - 1);
    }

    private void Came(ConsumeResult<byte[]?, byte[]?> record) =>
        Tell(new(record.TopicPartition, Record: Incoming.From(record)));

    /// <summary>On the reader's own thread.</summary>
    private void Tell(Word word) => _came.Tell(word, _stopping);

    private async Task JudgeAsync(CancellationToken stopping)
    {
        using var ends = new AskedEnds(_kafka, _time, EndsInterval);
        while (!stopping.IsCancellationRequested)
            try
            {
                await RunOnceAsync(ends, stopping);
            }
            catch (Exception e) when (e is not OperationCanceledException || !stopping.IsCancellationRequested)
            {
                if (e is ReadAgainException) Log.ReadsAgain(_logger, e.Message);
                else Log.AuditFailed(_logger, e);
                await Task.Delay(Pause, _time, stopping);
                await WaitedOut().ExecuteAsync(async token => await LoadAsync(token), stopping);
                // What was taken out of the queue and is not in the database comes again.
                foreach (var partition in _next.Keys) Await(partition);
            }
    }

    private async Task RunOnceAsync(AskedEnds ends, CancellationToken stopping)
    {
        // Those that something kept from being forgotten.
        await ForgetAsync(stopping);
        var (records, told) = await _came.TakeAsync(_awaited, Pause, stopping);
        foreach (var word in told) Hear(word);
        if (records.Count > 0)
            await WaitedOut().ExecuteAsync(async token => await JudgeAsync(records, new HashSet<string>(), token),
                stopping);
        foreach (var word in told)
            if (word.AtEnd is { } end) _ends[word.Partition] = end;
        await ForgetAsync(stopping);
        ends.Want(_next.Keys.Union(_read));
        var answer = ends.Take();
        if (answer is not null)
        {
            _status.IsBehind(answer.Ends.Sum(end => Behind(end.Key, end.Value)));
            _reaching.Answered(answer.Ends.ToDictionary(), answer.AskedAt, IsWhole);
        }
        await WaitedOut().ExecuteAsync(async token => await ReachAsync(answer is not null, token), stopping);
    }

    private void Hear(Word word)
    {
        if (word.Reads is { } read) _read = read;
        if (word.IsRemade) _forgotten.Add(word.Partition);
    }

    private async Task ForgetAsync(CancellationToken stopping)
    {
        foreach (var partition in _forgotten.ToList())
        {
            await WaitedOut().ExecuteAsync(async token => await ForgetAsync(partition, token), stopping);
            _forgotten.Remove(partition);
            _remade.TryRemove(partition, out _);
        }
    }

    private async Task JudgeAsync(List<Incoming> records, HashSet<string> passOver, CancellationToken cancellation)
    {
        _reaching.Batch();
        var read = new List<ReadRecord>(records.Count);
        foreach (var record in records) read.Add(await ReadRecord.OfAsync(_decoder, record, Now, cancellation));
        await JudgeAsync(read, passOver, cancellation);
    }

    /// <summary>
    /// A batch that fails by its data is halved, and the record at fault is listed: no input stops this.
    /// </summary>
    private async Task JudgeAsync(List<ReadRecord> read, HashSet<string> passOver, CancellationToken cancellation)
    {
        try
        {
            await RunAsync(read, passOver, cancellation);
        }
        catch (PostgresException e) when (read.Exists(one => one.Told is not null) && !Outage.IsNobodysFault(e)
            && !Outage.IsCollision(e))
        {
            if (read is [var one])
            {
                await RunAsync([one with { Told = null, Stranger = $"it can't be kept: {e.MessageText}" }], passOver,
                    cancellation);
                return;
            }
            var half = read.Count / 2;
            await JudgeAsync(read[..half], passOver, cancellation);
            await JudgeAsync(read[half..], passOver, cancellation);
        }
    }

    private async Task RunAsync(List<ReadRecord> read, HashSet<string> passOver, CancellationToken cancellation)
    {
        var outcome = await _transaction.RunAsync(_generation, read, passOver, Now, _next, cancellation);
        Took(outcome, read.Count);
        while (outcome.IsMore)
        {
            outcome = await _transaction.RunAsync(_generation, [], new HashSet<string>(), Now, _next, cancellation);
            Took(outcome, records: 0);
        }
    }

    private void Took(AuditOutcome outcome, int records)
    {
        foreach (var (key, next) in outcome.Next) _next[new(key.Topic, key.Partition)] = next;
        foreach (var (topic, partition) in outcome.Remade)
        {
            Log.ReadAnew(_logger, topic, partition);
            Await(new(topic, partition));
        }
        Say(outcome.Findings);
        _status.HasMoved(Now, records);
    }

    /// <summary>What comes of it until its reading begins anew is not taken.</summary>
    private void Await(TopicPartition partition)
    {
        _awaited.Add(partition);
        _ends.Remove(partition);
        _reaching.Forget();
        _reader.ReadAgain(partition);
    }

    /// <param name="isAsked">Whether brokers have just said where topics end: what nothing new leads to is looked at
    /// as often.</param>
    private async Task ReachAsync(bool isAsked, CancellationToken cancellation)
    {
        await _reaching.ReadAsync(IsRead, () => _frontier.HeadsAsync(cancellation));
        if (!isAsked && !_reaching.IsJudging) return;
        var holes = await _frontier.BehindAsync(cancellation);
        if (isAsked && _reaching.ReadAt is { } readAt)
        {
            await SettleLostAsync(cancellation);
            if (holes.Count > 0)
                await RunAsync([], [.. holes.Where(hole => hole.Since < readAt - _options.MissingAfter
                    && !_processes.IsUnpublished(hole.Topic, hole.Position)).Select(hole => hole.Topic)], cancellation);
        }
        if (_reaching.Judged(holes.Select(hole => (hole.Topic, hole.Position))) is not { } at) return;
        Say(await _frontier.ReachAsync(_generation, at, Now, _next, cancellation));
        _status.HasReached(at, Now);
    }

    private async Task SettleLostAsync(CancellationToken cancellation)
    {
        foreach (var said in _processes.All.Select(asked => asked.Service).OfType<ProgressAnswer>()
            .Where(service => service.Lost is { Count: > 0 }).DistinctBy(service => service.Topic))
            if (await _lost.SettleAsync(said.Topic, said.Lost!, Now, cancellation) is > 0 and var settled)
                Log.LostSettled(_logger, settled, said.Topic);
    }

    private bool IsWhole(IReadOnlyDictionary<TopicPartition, long> ends) => Reaching.IsWhole(ends, _next.Keys, _read);

    private bool IsRead(IReadOnlyDictionary<TopicPartition, long> ends) => _awaited.Count == 0
        && Reaching.IsRead(ends, ObservedEvents.All, _next.Keys, _read, Behind);

    private long Behind(TopicPartition partition, long end) =>
        Math.Max(0, end - Math.Max(_next.GetValueOrDefault(partition), _ends.GetValueOrDefault(partition)));

    private void Say(IReadOnlyList<Finding> findings)
    {
        foreach (var finding in findings.Take(10))
            Log.Violated(_logger, finding.Kind, finding.Subject, finding.What);
    }

    private async Task LoadAsync(CancellationToken cancellation)
    {
        var trip = new RoundTrip();
        foreach (var partition in _next.Keys) _next[partition] = 0;
        trip.Read("SELECT generation FROM audit", row => _generation = row.GetInt64(0));
        trip.Read("SELECT topic, partition, next FROM reading",
            row => _next[new(row.GetString(0), row.GetInt32(1))] = row.GetInt64(2));
        await using var connection = await _database.OpenConnectionAsync(cancellation);
        await trip.RunAsync(connection, cancellation);
    }

    private async Task ForgetAsync(TopicPartition partition, CancellationToken cancellation)
    {
        Log.ReadAnew(_logger, partition.Topic, partition.Partition.Value);
        var trip = new RoundTrip();
        trip.Write("UPDATE reading SET next = 0, last_id = NULL WHERE topic = $1 AND partition = $2",
            RoundTrip.Value(partition.Topic), RoundTrip.Value(partition.Partition.Value));
        await using var connection = await _database.OpenConnectionAsync(cancellation);
        await trip.RunAsync(connection, cancellation);
        _next[partition] = 0;
        _ends.Remove(partition);
        _reaching.Forget();
    }

    private Polly.ResiliencePipeline WaitedOut() => Outage.WaitedOut((e, delay) =>
        Log.Waits(_logger, e.Message, delay.TotalMilliseconds), _time,
        e => Outage.IsNobodysFault(e) || Outage.IsCollision(e));
}
