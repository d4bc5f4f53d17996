using Checkout.Chassis.State;
using Checkout.Observer.Reading;
using Npgsql;

namespace Checkout.Observer;

/// <summary>
/// Empties what was derived, so that the topics are read again from their starts, and shows how far that is. The
/// process that serves reads them: this command only asks its database.
/// </summary>
public static class RebuildCommand
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Settled violations stay settled: what is found again has its words already.</summary>
    public static async Task EmptyAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var trip = new RoundTrip();
        // As a batch begins: one that is under way ends first, and the next finds nothing.
        trip.Read("SELECT 1 FROM reading ORDER BY topic, partition FOR UPDATE", _ => { });
        trip.Write("DELETE FROM violations WHERE settled_at IS NULL");
        trip.Write("TRUNCATE reading, events, strangers, stores, holes, checkouts, accounts, stock, once, counts, "
            + "states");
        trip.Write("UPDATE audit SET credited = 0, deducted = 0, refunded = 0, balances = 0, frontier = NULL, "
            + "uncounted = 0, generation = generation + 1");
        await trip.RunAsync(connection, cancellation);
        await transaction.CommitAsync(cancellation);
    }

    /// <summary>Until all that was on the topics is read and judged.</summary>
    /// <returns>0, or 3 where violations are open.</returns>
    public static async Task<int> FollowAsync(NpgsqlDataSource database, TextWriter output,
        CancellationToken cancellation)
    {
        while (true)
        {
            var (events, read, isDone, open) = (0L, 0L, false, 0L);
            var trip = new RoundTrip();
            trip.Read("SELECT coalesce(sum(events), 0)::bigint FROM counts", row => events = row.GetInt64(0));
            trip.Read("SELECT coalesce(sum(next), 0)::bigint FROM reading", row => read = row.GetInt64(0));
            trip.Read("SELECT frontier IS NOT NULL FROM audit", row => isDone = row.GetBoolean(0));
            trip.Read("SELECT count(*) FROM violations WHERE settled_at IS NULL", row => open = row.GetInt64(0));
            await using (var connection = await database.OpenConnectionAsync(cancellation))
                await trip.RunAsync(connection, cancellation);
            await output.WriteLineAsync(isDone
                ? $"All is read: {events} events judged, {open} violations open."
                : $"{read} records read, {events} events judged ...");
            if (isDone) return open == 0 ? 0 : 3;
            await Task.Delay(Interval, cancellation);
        }
    }
}
