using Avro.Specific;
using Npgsql;

namespace Checkout.Chassis.Choreography;

/// <summary>
/// The states that one transaction's commands need. A new one is made for each transaction and used in this order: Need for everything, Load, Decide and Evolve in order, Save.
/// Decide and Evolve are in memory and pure.
/// </summary>
public interface IStateBatch<in TCommand>
{
    void Need(TCommand command);

    /// <summary>What an event that already happened touches; used when state is rebuilt from events.</summary>
    void Need(ISpecificRecord happened);

    /// <summary>
    /// First the locks, in key order; the locking statement reads the locked rows too, since it gives their newest version, and a row that is made after it is not locked: read later and written
    /// back, it would undo what another wrote meanwhile (seen, PostgreSQL 15). Then, in later statements, what hangs on the locked rows.
    /// </summary>
    Task LoadAsync(NpgsqlConnection connection, CancellationToken cancellation);

    /// <exception cref="NotYetVisibleException">The command is about something this service wrote, whose commit is not visible yet.</exception>
    IReadOnlyList<ISpecificRecord> Decide(TCommand command);

    void Evolve(ISpecificRecord happened);

    Task SaveAsync(NpgsqlConnection connection, CancellationToken cancellation);
}

/// <summary>
/// PostgreSQL writes a commit to its log before it shows it to other transactions, so the answer to an own event can come before the own commit is visible. The batch is tried again shortly.
/// </summary>
public sealed class NotYetVisibleException(string what) : Exception($"{what} is not known here (yet).");
