namespace Checkout.Store.Checkouts.Following;

/// <summary>
/// Which steps of a story a client has been told, as the opaque id of a message: the tails of their events' ids. So
/// a stream goes on exactly where it was, in whatever order steps came, and on whichever instance.
/// </summary>
public sealed class StepsKnown
{
    /// <summary>Of hexadecimal digits: ids of one story have the same beginning.</summary>
    private const int TailLength = 12;
    private const char Separator = '.';

    /// <summary>A story has five, and what is longer is nothing of ours.</summary>
    private const int MostSteps = 32;

    private readonly HashSet<string> _tails;

    private StepsKnown(IEnumerable<string> tails) => _tails = [.. tails];

    public static StepsKnown Nothing { get; } = new([]);

    public static StepsKnown Of(CheckoutStory story) => new(story.Steps.Select(step => Tail(step.EventId)));

    /// <summary>Nothing, where the text is no such id.</summary>
    public static StepsKnown Parse(string? id)
    {
        if (id is null || id.Length > MostSteps * (TailLength + 1)) return Nothing;
        var tails = id.Split(Separator);
        return tails.All(tail => tail.Length == TailLength && tail.All(char.IsAsciiHexDigitLower)) ? new(tails)
            : Nothing;
    }

    /// <summary>Whether nothing of the story is new.</summary>
    public bool Covers(CheckoutStory story) => story.Steps.All(step => _tails.Contains(Tail(step.EventId)));

    /// <summary>Whether the story lacks what is known: another instance had heard more by then.</summary>
    public bool IsAheadOf(CheckoutStory story) => !_tails.IsSubsetOf(Of(story)._tails);

    public override string ToString() => string.Join(Separator, _tails.Order(StringComparer.Ordinal));

    private static string Tail(Guid id) => id.ToString("N")[^TailLength..];
}
