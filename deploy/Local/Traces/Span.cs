namespace Checkout.Local.Traces;

/// <summary>A span, wherever it was kept.</summary>
/// <param name="Id">Hexadecimal, as in a traceparent.</param>
/// <param name="Parent">Null for the root.</param>
/// <param name="Start">UTC.</param>
public sealed record Span(string Id, string? Parent, string Service, string Name, DateTime Start, TimeSpan Duration,
    IReadOnlyDictionary<string, string> Tags)
{
    public DateTime End => Start + Duration;

    public string? Tag(string name) => Tags.GetValueOrDefault(name);
}
