using Checkout.Chassis.Choreography;

namespace Checkout.Simulation.Tables;

/// <summary>
/// The state tables of a service in memory: what a batch's LoadAsync and SaveAsync do in SQL, by the batch's own lists of what to read and what to write.
/// </summary>
public interface ITables<TCommand>
{
    IStateBatch<TCommand> NewBatch();

    void Load(IStateBatch<TCommand> batch);

    void Save(IStateBatch<TCommand> batch);

    /// <summary>
    /// Empty tables of the same kind without the constraints of values, as a rebuild fills them: partition by partition, so stock may be taken before it
    /// was added.
    /// </summary>
    ITables<TCommand> NewShadow();

    /// <summary>Every row of state as text, sorted: what a rebuild is compared with.</summary>
    IEnumerable<string> Rows();
}
