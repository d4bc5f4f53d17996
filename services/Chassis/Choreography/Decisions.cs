using Avro.Specific;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Resilience;
using Checkout.Chassis.State;

namespace Checkout.Chassis.Choreography;

/// <summary>
/// Runs steps against loaded rows in memory, in order, and makes of each decided event what is appended.
/// </summary>
public sealed class Decisions<TRows>(Choreography<TRows> choreography,
    int maxEventBytes = EventStoreOptions.DefaultMaxEventBytes)
{
    /// <summary>
    /// Sets Events or Fault of the work. A fault leaves the rows as they were: what a decision wrote down and its
    /// events changed is taken back. NotYetVisibleException passes through, with the rows as they were: the step is to
    /// be tried again.
    /// </summary>
    /// <param name="rows">The service's view of the declared rows.</param>
    public IReadOnlyList<NewEvent> Run(Rows declared, TRows rows, Work<TRows> work, DateTime now)
    {
        declared.Mark();
        try
        {
            var decided = work.Decide(rows);
            if (work.Answered > 0 && !work.Resumes) decided = [];
            var appended = new NewEvent[decided.Count];
            for (var i = 0; i < appended.Length; i++) appended[i] = Append(work, decided[i], work.Answered + i, now);
            foreach (var e in decided) choreography.Describe(e).Change(rows, e);
            (work.Events, work.Fault) = (decided, null);
            return appended;
        }
        catch (NotYetVisibleException)
        {
            declared.Undo();
            throw;
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            declared.Undo();
            (work.Events, work.Fault) = ([], fault);
            return [];
        }
    }

    private NewEvent Append(Work<TRows> work, ISpecificRecord e, int ordinal, DateTime now)
    {
        var told = choreography.Describe(e);
        if (!work.Tells.Contains(told.Type))
            throw new InvalidOperationException(
                $"{work.Reaction} decided a {told.Type.Name}, which its row of the choreography does not name.");
        var id = EventIds.Following(work.Seed, work.Reaction, ordinal);
        told.Stamp(e, id, now);
        var appended = new NewEvent
        {
            EventId = id,
            Key = told.Key(e),
            Type = told.Schema.Fullname,
            OccurredAt = now,
            CorrelationId = told.Correlation(e),
            CausationId = work.Causation,
            TraceParent = work.Span?.Id ?? work.TraceParent,
            TraceState = work.Span?.TraceStateString ?? work.TraceState,
            Payload = EventCodec.Encode(e),
        };
        return appended.RecordBytes <= maxEventBytes
            ? appended : throw new EventTooLargeException(appended.Type, appended.RecordBytes, maxEventBytes);
    }
}
