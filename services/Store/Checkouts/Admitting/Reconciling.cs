using Checkout.Chassis.Choreography;
using Checkout.Chassis.Edge;
using Checkout.Chassis.Resilience;
using Dapper;
using Npgsql;

namespace Checkout.Store.Checkouts.Admitting;

/// <summary>
/// Holds what is known to be under way against the database, which knows. Once at a time: who asks meanwhile waits for
/// the same answer.
/// </summary>
public sealed class Reconciling(NpgsqlDataSource database, Choreography<StoreRows> choreography, Admission admission,
    TimeProvider time, ILogger<Reconciling> logger)
{
    private readonly Lock _lock = new();
    private Task<bool> _running = Task.FromResult(false);
    private long? _doneAt;

    /// <summary>False where the database did not answer: then nothing is known to be otherwise.</summary>
    /// <param name="atMost">How old an answer is good enough.</param>
    public async Task<bool> KnowsAsync(TimeSpan atMost, CancellationToken cancellation)
    {
        Task<bool> running;
        lock (_lock)
        {
            if (_doneAt is { } at && time.GetElapsedTime(at) <= atMost) return true;
            if (_running.IsCompleted) _running = ReconcileAsync();
            running = _running;
        }
        return await running.WaitAsync(cancellation);
    }

    private async Task<bool> ReconcileAsync()
    {
        // Not in the lock of who asks.
        await Task.Yield();
        admission.BeginReconciling();
        try
        {
            var (underWay, newestEnded) = await database.AskAsync(ReadAsync, CancellationToken.None);
            admission.Reconcile(underWay, newestEnded, time.GetUtcNow().UtcDateTime);
            lock (_lock) _doneAt = time.GetTimestamp();
            return true;
        }
        catch (Exception e) when (Outage.IsNobodysFault(e))
        {
            Log.NotReconciled(logger, e.Message);
            return false;
        }
    }

    /// <summary>
    /// What has an event parked here, or behind one that is, waits for an operator, and not for what others wait for.
    /// </summary>
    private async Task<(IReadOnlyList<Guid> UnderWay, Guid? NewestEnded)> ReadAsync(NpgsqlConnection connection)
    {
        await using var results = await connection.QueryMultipleAsync(
            """
            SELECT checkout_id FROM checkouts c WHERE ended_at IS NULL AND NOT EXISTS (
                SELECT FROM parked p WHERE p.topic = ANY(@topics) AND p.key = c.customer_id AND p.blocks);

            SELECT checkout_id FROM checkouts WHERE ended_at IS NOT NULL ORDER BY checkout_id DESC LIMIT 1
            """, new { topics = choreography.Topics.ToArray() });
        return ((await results.ReadAsync<Guid>()).ToList(), await results.ReadSingleOrDefaultAsync<Guid?>());
    }
}
