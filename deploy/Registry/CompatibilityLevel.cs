namespace Checkout.Registry;

#pragma warning disable CA1707 // The names are the ones of the REST contract.
/// <summary>
/// Who must be able to read whose data: BACKWARD is the new schema reading older data, FORWARD older schemas reading
/// new data.
/// </summary>
internal enum CompatibilityLevel
{
    NONE,
    BACKWARD,
    BACKWARD_TRANSITIVE,
    FORWARD,
    FORWARD_TRANSITIVE,
    FULL,
    FULL_TRANSITIVE,
}
#pragma warning restore CA1707

internal static class CompatibilityLevels
{
    public static CompatibilityLevel Parse(string? text) =>
        Enum.TryParse<CompatibilityLevel>(text, ignoreCase: true, out var level) && Enum.IsDefined(level)
        ? level
        : throw RegistryException.InvalidLevel(text);

    /// <summary>What the level forbids of a new version, given the versions so far (oldest first).</summary>
    public static List<string> Problems(this CompatibilityLevel level, SchemaText next,
        IReadOnlyList<SchemaText> earlier)
    {
        var asked = level.ToString();
        var both = asked.StartsWith("FULL", StringComparison.Ordinal);
        var against = asked.EndsWith("_TRANSITIVE", StringComparison.Ordinal) ? earlier : [.. earlier.TakeLast(1)];
        var backward = both || asked.StartsWith("BACKWARD", StringComparison.Ordinal)
            ? against.SelectMany(old => SchemaCompatibility.Problems(reader: next.Parsed, writer: old.Parsed)
                .Select(problem => $"new reading old: {problem}"))
            : [];
        var forward = both || asked.StartsWith("FORWARD", StringComparison.Ordinal)
            ? against.SelectMany(old => SchemaCompatibility.Problems(reader: old.Parsed, writer: next.Parsed)
                .Select(problem => $"old reading new: {problem}"))
            : [];
        return [.. backward.Concat(forward).Distinct()];
    }
}
