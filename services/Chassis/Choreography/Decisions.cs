using Checkout.Chassis.EventStore;

namespace Checkout.Chassis.Choreography;

/// <summary>Runs commands against loaded states in memory, in order, and makes of each decided event what is appended.</summary>
public sealed class Decisions<TCommand>(Choreography<TCommand> choreography, int maxEventBytes = EventStoreOptions.DefaultMaxEventBytes)
{
    /// <summary>
    /// Sets Events or Fault of the work. A fault leaves the states as they were: the command's events evolve them only when all of it was decided.
    /// NotYetVisibleException passes through: the whole batch is to be tried again.
    /// </summary>
    public IReadOnlyList<NewEvent> Run(IStateBatch<TCommand> states, Work<TCommand> work, DateTime now)
    {
        try
        {
            var decided = states.Decide(work.Command);
            if (decided.Count == 0) return [];
            var appended = new NewEvent[decided.Count];
            for (var i = 0; i < appended.Length; i++)
            {
                var told = choreography.Describe(decided[i]);
                told.Stamp(decided[i], EventIds.Following(work.Seed, work.Reaction, i), now);
                appended[i] = new()
                {
                    EventId = EventIds.Following(work.Seed, work.Reaction, i),
                    Key = told.Key(decided[i]),
                    Type = told.Schema.Fullname,
                    OccurredAt = now,
                    CorrelationId = told.Correlation(decided[i]),
                    CausationId = work.Causation,
                    TraceParent = work.Span?.Id ?? work.TraceParent,
                    TraceState = work.Span?.TraceStateString ?? work.TraceState,
                    Payload = EventCodec.Encode(decided[i]),
                };
                if (appended[i].RecordBytes > maxEventBytes) throw new EventTooLargeException(appended[i].Type, appended[i].RecordBytes, maxEventBytes);
            }
            foreach (var e in decided) states.Evolve(e);
            work.Events = decided;
            return appended;
        }
        catch (Exception fault) when (fault is not (NotYetVisibleException or OutOfMemoryException))
        {
            work.Fault = fault;
            return [];
        }
    }
}
