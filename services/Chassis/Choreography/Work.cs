using System.Diagnostics;
using Avro.Specific;

namespace Checkout.Chassis.Choreography;

/// <summary>
/// One step of a batch: an event that was heard or a command that was given, with the decision that is due, and
/// afterwards what became of it.
/// </summary>
/// <param name="Step">The event, fact or command; it carries the keys of the rows that it is about.</param>
/// <param name="Seed">The id from which the ids of its events follow.</param>
/// <param name="Reaction">The permanent name of the row.</param>
/// <param name="Tells">What the decision may lead to.</param>
/// <param name="Causation">The event that led to it; null where a request did.</param>
public sealed record Work<TRows>(
    object Step, Func<TRows, IReadOnlyList<ISpecificRecord>> Decide, Guid Seed, string Reaction,
    IReadOnlyList<Type> Tells, Guid? Causation)
{
    /// <summary>Its own span, in the trace of the story it belongs to; carried on by the events it leads to.</summary>
    public Activity? Span { get; init; }

    /// <summary>The context to carry on where there is no span of its own.</summary>
    public string? TraceParent { get; init; }

    public string? TraceState { get; init; }

    /// <summary>Whether some of its events may be there and others not.</summary>
    public bool Resumes { get; init; }

    /// <summary>So many of its events are in the store already, from before it was refilled.</summary>
    public int Answered { get; set; }

    /// <summary>What was decided, in order; empty for a step that changes nothing.</summary>
    public IReadOnlyList<ISpecificRecord> Events { get; set; } = [];

    /// <summary>Set where the decision threw: the step had no effect.</summary>
    public Exception? Fault { get; set; }

    /// <summary>The fault in a sentence, as an operator reads it.</summary>
    public string? FaultText => Fault is null ? null : Threw(Reaction, Fault);

    public static string Threw(string reaction, Exception fault) =>
        $"{reaction} threw {fault.GetType().Name}: {fault.Message}";
}
