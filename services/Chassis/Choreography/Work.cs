using System.Diagnostics;
using Avro.Specific;

namespace Checkout.Chassis.Choreography;

/// <summary>One command of a batch, where it came from, and after the decision what became of it.</summary>
/// <param name="Seed">The id from which the ids of its events follow.</param>
/// <param name="Reaction">The permanent name of the reaction.</param>
/// <param name="Causation">The event that led to it; null where a request did.</param>
public sealed record Work<TCommand>(TCommand Command, Guid Seed, string Reaction, Guid? Causation)
{
    /// <summary>Its own span, in the trace of the story it belongs to; carried on by the events it leads to.</summary>
    public Activity? Span { get; init; }

    /// <summary>The context to carry on where there is no span of its own.</summary>
    public string? TraceParent { get; init; }

    public string? TraceState { get; init; }

    /// <summary>What was decided, in order; empty for a command that changes nothing.</summary>
    public IReadOnlyList<ISpecificRecord> Events { get; set; } = [];

    /// <summary>Set where the decision threw: the work had no effect.</summary>
    public Exception? Fault { get; set; }
}
