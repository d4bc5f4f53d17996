namespace Checkout.Chassis.Edge.Describing;

/// <summary>
/// What a client is told of a field of a body, beside its type: what the code that reads or makes it keeps to. Tests
/// send what the document allows and what it does not, so that both say the same.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class FieldAttribute(string description) : Attribute
{
    public string Description => description;

    /// <summary>A regular expression (ECMA-262) that the whole text fits.</summary>
    public string? Pattern { get; init; }

    /// <summary>The most characters; 0 where it is not said.</summary>
    public int MaxLength { get; init; }

    /// <summary>Of numbers; with <see cref="Most"/>, where that is above 0.</summary>
    public long Least { get; init; }

    public long Most { get; init; }

    /// <summary>A text or a number, as it stands in JSON; null where nothing would be said by it.</summary>
    public object? Example { get; init; }
}
