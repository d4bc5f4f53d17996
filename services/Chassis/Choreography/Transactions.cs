using Checkout.Chassis.EventStore;
using Checkout.Chassis.Resilience;
using Checkout.Chassis.Telemetry;
using Microsoft.Extensions.Logging;
using Npgsql;
using Polly;

namespace Checkout.Chassis.Choreography;

/// <summary>
/// Hears of a step that was committed, whichever way it came, with the rows as they are since: to count what happened,
/// and not what was tried. Called once a step, unless the answer to a COMMIT was lost; then not at all.
/// </summary>
public delegate void StepCommitted<TRows>(TRows rows, Work<TRows> work);

/// <summary>
/// Runs every transaction that changes state: a reactor's batch, a group of requests, an operator's command, a parked
/// event that is freed.
/// </summary>
public sealed class Transactions<TRows>(
    Choreography<TRows> choreography, EventStoreOptions store, NpgsqlDataSource database, TimeProvider time,
    ILogger<Transactions<TRows>> logger, StepCommitted<TRows>? committed = null,
    StoreHold? hold = null)
{
    /// <summary>Where the rows of state are, if not where all of the store is.</summary>
    public string? Schema { get; init; }

    private readonly ResiliencePipeline _again = TriedAgain.Pipeline(e => Log.TriedAgain(logger, e.Message), time);

    /// <summary>
    /// Runs the work in a transaction, and from its start again after a collision or where an own commit is not visible
    /// yet: then nothing was done. What the work does not commit is rolled back.
    /// </summary>
    public async Task<T> RunAsync<T>(Func<Transaction<TRows>, CancellationToken, Task<T>> work,
        CancellationToken cancellation) =>
        await _again.ExecuteAsync(async token =>
        {
            await using var connection = await database.OpenConnectionAsync(token);
            return await work(
                new(choreography, store.MaxEventBytes, connection, EventTime.Of(time.GetUtcNow().UtcDateTime), Schema,
                    committed, hold), token);
        }, cancellation);

    /// <summary>
    /// Runs commands that come from outside. Sets Events or Fault of each work, and answers with the rows as they are
    /// after the commit.
    /// </summary>
    public Task<TRows> RunAsync(IReadOnlyList<Work<TRows>> works, CancellationToken cancellation) =>
        RunAsync(async (transaction, token) =>
    {
        await transaction.LoadAsync(works.Select(work => work.Step), token);
        foreach (var work in works) transaction.Decide(work);
        await transaction.CommitAsync(token);
        return transaction.Rows;
    }, cancellation);
}
