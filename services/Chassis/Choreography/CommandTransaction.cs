using Checkout.Chassis.EventStore;
using Checkout.Chassis.Reactor;
using Npgsql;

namespace Checkout.Chassis.Choreography;

/// <summary>Runs commands that come from outside (requests, operators) in one transaction, in the same order of locks as the reactor.</summary>
public sealed class CommandTransaction<TCommand>(
    Choreography<TCommand> choreography, Func<IStateBatch<TCommand>> newStates, EventStoreOptions store, NpgsqlDataSource database, TimeProvider time)
{
    private readonly Decisions<TCommand> _decisions = new(choreography, store.MaxEventBytes);

    /// <summary>Sets Events or Fault of each work, and answers with the states as they are after the commit.</summary>
    public async Task<IStateBatch<TCommand>> RunAsync(IReadOnlyList<Work<TCommand>> works, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var (states, appended) = await DecideAsync(connection, works, cancellation);
        await states.SaveAsync(connection, cancellation);
        await EventLog.AppendAsync(connection, appended, cancellation);
        await transaction.CommitAsync(cancellation);
        return states;
    }

    private async Task<(IStateBatch<TCommand> States, List<NewEvent> Appended)> DecideAsync(
        NpgsqlConnection connection, IReadOnlyList<Work<TCommand>> works, CancellationToken cancellation)
    {
        var states = newStates();
        foreach (var work in works) states.Need(work.Command);
        await states.LoadAsync(connection, cancellation);
        var now = ReactorPass<TCommand>.Microseconds(time.GetUtcNow().UtcDateTime);
        var appended = new List<NewEvent>();
        foreach (var work in works)
        {
            (work.Events, work.Fault) = ([], null);
            appended.AddRange(_decisions.Run(states, work, now));
        }
        return (states, appended);
    }
}
