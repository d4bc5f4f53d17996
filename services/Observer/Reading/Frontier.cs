using Checkout.Chassis.State;
using Checkout.Observer.Auditing;
using Confluent.Kafka;
using Npgsql;
using NpgsqlTypes;

namespace Checkout.Observer.Reading;

/// <summary>
/// What can be judged only when all that was on the topics at some moment is read: that something is not there.
/// </summary>
public sealed class Frontier(NpgsqlDataSource database)
{
    private const int MostAtOnce = 500;

    /// <summary>Stores whose next position is not there though later ones are, and since when.</summary>
    /// <returns>By topic: the first position that lacks, and null where there was no time to judge yet.</returns>
    public async Task<IReadOnlyList<(string Topic, long Position, DateTime? Since)>> BehindAsync(
        CancellationToken cancellation)
    {
        var behind = new List<(string, long, DateTime?)>();
        var trip = new RoundTrip();
        trip.Read("SELECT topic, judged + 1, hole_at FROM stores WHERE judged < highest",
            row => behind.Add((row.GetString(0), row.GetInt64(1), row.IsDBNull(2) ? null : row.GetDateTime(2))));
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await trip.RunAsync(connection, cancellation);
        return behind;
    }

    /// <summary>By store, the highest position that is known.</summary>
    public async Task<IReadOnlyDictionary<string, long>> HeadsAsync(CancellationToken cancellation)
    {
        var heads = new Dictionary<string, long>();
        var trip = new RoundTrip();
        trip.Read("SELECT topic, highest FROM stores", row => heads[row.GetString(0)] = row.GetInt64(1));
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await trip.RunAsync(connection, cancellation);
        return heads;
    }

    /// <summary>All that was on the topics then is read and judged.</summary>
    /// <param name="at">UTC.</param>
    /// <param name="known">What this instance knows to be read: the offset of each partition's next record.</param>
    /// <exception cref="ReadAgainException">That is not in the database.</exception>
    public async Task<IReadOnlyList<Finding>> ReachAsync(long generation, DateTime at, DateTime now,
        IReadOnlyDictionary<TopicPartition, long> known, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var odd = new List<Story>();
        var findings = new List<Finding>();
        var trip = new RoundTrip();
        // As a batch does, so that no other writes meanwhile.
        trip.Read("SELECT 1 FROM stores ORDER BY topic FOR UPDATE", _ => { });
        ReadAgainException.Check(trip, generation, known);
        trip.Read(
            $"SELECT {StoryRows.Columns} FROM checkouts WHERE odd_since < $1 ORDER BY odd_since LIMIT {MostAtOnce}",
            row => odd.Add(StoryRows.Of(row)), RoundTrip.Value(at));
        trip.Read(
            """
            SELECT credited, deducted, refunded, balances FROM audit
            WHERE NOT EXISTS (SELECT 1 FROM stores WHERE topic = $1 AND (missing > 0 OR opaque > 0))
                AND NOT EXISTS (SELECT 1 FROM violations WHERE kind = $2 AND subject = $3)
            """,
            row =>
            {
                if (FigureRules.InAll(row.GetDecimal(0), row.GetDecimal(1), row.GetDecimal(2), row.GetDecimal(3))
                    is { } finding) findings.Add(finding);
            }, RoundTrip.Value(Contracts.Topics.BalanceAccounts),
            RoundTrip.Value(Kinds.CoinsNotConserved), RoundTrip.Value(FigureRules.All));
        await trip.RunAsync(connection, cancellation);
        findings.AddRange(odd.SelectMany(CheckoutRules.WhenAllIsRead));
        trip = new();
        trip.Write("UPDATE checkouts t SET odd_since = NULL FROM unnest($1) AS k(id) WHERE t.checkout_id = k.id",
            RoundTrip.Array(odd.Select(story => story.CheckoutId), NpgsqlDbType.Uuid));
        trip.Write("UPDATE audit SET frontier = $1, moved_at = $2", RoundTrip.Value(at), RoundTrip.Value(now));
        ViolationRows.Write(trip, findings, now);
        await trip.RunAsync(connection, cancellation);
        await transaction.CommitAsync(cancellation);
        return findings;
    }
}
