using Checkout.Chassis.State;
using Checkout.Observer.Auditing;
using Confluent.Kafka;
using Npgsql;
using NpgsqlTypes;

namespace Checkout.Observer.Reading;

/// <summary>What became of a batch.</summary>
/// <param name="Next">The offset from which each partition goes on.</param>
/// <param name="Remade">Partitions whose records are not those of before: they are to be read from their start.</param>
/// <param name="Findings">What was found, all of it.</param>
/// <param name="IsMore">Whether there may be more to judge that is read already.</param>
public sealed record AuditOutcome(IReadOnlyDictionary<(string Topic, int Partition), long> Next,
    IReadOnlyList<(string Topic, int Partition)> Remade, IReadOnlyList<Finding> Findings, bool IsMore);

/// <summary>
/// A batch of records in one transaction: where reading goes on, the events, and all that follows from them. Its first
/// statement locks where reading is, so that two instances take turns, and what the other has read is dropped.
/// </summary>
public sealed class AuditTransaction(NpgsqlDataSource database, TimeSpan clockTolerance)
{
    /// <summary>So many events that came before those below them are judged at once.</summary>
    private const int MaxPending = 2_000;

    /// <param name="generation">As it was when it was read where reading is.</param>
    /// <param name="passOver">Topics whose next hole is not waited for any longer.</param>
    /// <param name="now">UTC.</param>
    /// <param name="known">What this instance knows to be read: the offset of each partition's next record.</param>
    /// <exception cref="ReadAgainException">What the records follow on is not in the database.</exception>
    public async Task<AuditOutcome> RunAsync(long generation, IReadOnlyList<ReadRecord> records,
        IReadOnlySet<string> passOver, DateTime now, IReadOnlyDictionary<TopicPartition, long> known,
        CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var places = new ReadingPlaces(records.Select(r => (r.Record.Topic, r.Record.Partition)));
        var chains = new Dictionary<string, StoredChain>();
        var trip = new RoundTrip();
        // All of it can be read again: a server that dies takes the last batches with it, and with them where reading
        // is. What somebody says of a violation is written for good, elsewhere.
        trip.Write("SET LOCAL synchronous_commit TO off");
        // A plan that is made once, when the tables are empty, is kept for as long as nothing is known of them, and may
        // look up by an index that has the topic alone in common: the whole topic for each key.
        trip.Write("SET LOCAL plan_cache_mode TO force_custom_plan");
        places.Lock(trip);
        StoredChain.Read(trip, chain => chains[chain.Topic] = chain);
        ReadAgainException.Check(trip, generation, known);
        await trip.RunAsync(connection, cancellation);

        var taken = new TakenRecords(places.Take(records));
        trip = new();
        taken.Compare(trip);
        await trip.RunAsync(connection, cancellation);
        taken.Sort(places);
        foreach (var told in taken.New.Where(told => chains.ContainsKey(told.Topic)))
            chains[told.Topic].Read(told);

        var audit = new StoredAudit(clockTolerance);
        audit.Findings.AddRange(taken.Findings);
        var pending = new Dictionary<string, List<Told>>();
        trip = new();
        places.Write(trip);
        taken.Write(trip);
        foreach (var chain in chains.Values)
            chain.Pending(trip, MaxPending, passOver.Contains(chain.Topic), pending);
        await trip.RunAsync(connection, cancellation);
        foreach (var chain in chains.Values)
            pending[chain.Topic] = [.. pending.GetValueOrDefault(chain.Topic) ?? taken.Of(chain.Topic)];

        List<Told> about = [.. pending.Values.SelectMany(of => of), .. taken.Late(chains),
            .. taken.New.Where(told => !chains.ContainsKey(told.Topic))];
        trip = new();
        audit.Load(trip, about);
        foreach (var chain in chains.Values) chain.LoadLinks(trip, pending[chain.Topic]);
        await trip.RunAsync(connection, cancellation);
        foreach (var told in about.Where(told => told.IsLate || !chains.ContainsKey(told.Topic)))
            audit.Hear(told, passed: long.MaxValue);
        foreach (var chain in chains.Values)
            chain.Judge(pending[chain.Topic], audit, passOver.Contains(chain.Topic), now);

        trip = new();
        audit.Write(trip, now);
        foreach (var chain in chains.Values) chain.Write(trip);
        await trip.RunAsync(connection, cancellation);
        await transaction.CommitAsync(cancellation);
        return new(places.Next, places.Remade, audit.Findings, pending.Values.Any(of => of.Count == MaxPending));
    }
}

/// <summary>
/// What was derived is not what this instance knows: a rebuild has emptied it, or the database lost its last commits or
/// is a copy of an earlier time. Reading begins again where the database says.
/// </summary>
public sealed class ReadAgainException(string message) : Exception(message)
{
    /// <summary>Behind the locks of whoever writes.</summary>
    /// <param name="known">What this instance knows to be read: the offset of each partition's next record.</param>
    internal static void Check(RoundTrip trip, long generation, IReadOnlyDictionary<TopicPartition, long> known)
    {
        trip.Read("SELECT generation FROM audit", row =>
        {
            if (row.GetInt64(0) != generation) throw new ReadAgainException("What was derived is emptied");
        });
        var all = known.ToList();
        trip.Read(
            """
            SELECT topic, partition, k.next, coalesce(r.next, 0) FROM unnest($1, $2, $3) AS k(topic, partition, next)
            LEFT JOIN reading r USING (topic, partition) WHERE coalesce(r.next, 0) < k.next LIMIT 1
            """, row => throw new ReadAgainException($"The database is at offset {row.GetInt64(3)} of "
                + $"{row.GetString(0)}/{row.GetInt32(1)}, and was at {row.GetInt64(2)}"),
            RoundTrip.Array(all.Select(k => k.Key.Topic), NpgsqlDbType.Text),
            RoundTrip.Array(all.Select(k => k.Key.Partition.Value), NpgsqlDbType.Integer),
            RoundTrip.Array(all.Select(k => k.Value), NpgsqlDbType.Bigint));
    }
}
