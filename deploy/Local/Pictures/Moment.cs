namespace Checkout.Local.Pictures;

/// <summary>
/// Something that happened on a lane of a picture, to one of the stories it tells, and what led to it.
/// </summary>
internal sealed record Moment
{
    public required string Id { get; init; }
    public required string Lane { get; init; }
    public required int Story { get; init; }
    public required DateTime At { get; init; }

    /// <summary>
    /// Among those of the same time: a batch decides many events at once, and its store numbers them.
    /// </summary>
    public long Order { get; init; }

    public required string Text { get; init; }

    /// <summary>A second, smaller line.</summary>
    public string Detail { get; init; } = "";

    /// <summary>The id of the moment that led to this one.</summary>
    public string? Cause { get; init; }

    /// <summary>Whether the story ends here.</summary>
    public bool IsEnd { get; init; }
}
