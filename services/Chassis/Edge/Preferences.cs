using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Checkout.Chassis.Edge;

/// <summary>
/// What a client would like (RFC 7240, header Prefer): wait=SECONDS, that is to be answered when it is done and not at
/// once. A preference may always be ignored, so one that is malformed is.
/// </summary>
public static class Preferences
{
    public const string Header = "Prefer";
    public const string AppliedHeader = "Preference-Applied";

    /// <summary>Nobody is let wait longer; a longer preference is taken for this.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    private const string WaitName = "wait";

    /// <summary>No number of seconds that somebody means has more.</summary>
    private const int MaxDigits = 9;

    /// <summary>Null where the client says nothing of it, or nothing that can be understood.</summary>
    public static TimeSpan? Wait(HttpRequest request)
    {
        // Several headers are one list; of two preferences of a name the first counts.
        foreach (var header in request.Headers[Header])
            foreach (var preference in Split(header ?? "", ','))
                if (Parameter(Split(preference, ';').First()) is (WaitName, var value))
                    return Seconds(value);
        return null;
    }

    /// <summary>
    /// Whole seconds, at most <see cref="LongestWait"/>; null where the text is no such number.
    /// </summary>
    public static TimeSpan? Seconds(string? text) =>
        text is { Length: > 0 and <= MaxDigits } && text.All(char.IsAsciiDigit)
            ? TimeSpan.FromSeconds(Math.Min(int.Parse(text, CultureInfo.InvariantCulture), LongestWait.TotalSeconds))
            : null;

    /// <summary>Tells the client that its wish was followed, and how far.</summary>
    public static void Applied(HttpResponse response, TimeSpan wait) =>
        response.Headers[AppliedHeader] = string.Create(CultureInfo.InvariantCulture,
            $"{WaitName}={(int)wait.TotalSeconds}");

    private static (string Name, string? Value) Parameter(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0) return (text.Trim().ToLowerInvariant(), null);
        var value = text[(equals + 1)..].Trim();
        if (value is ['"', .. var quoted, '"']) value = quoted;
        return (text[..equals].Trim().ToLowerInvariant(), value);
    }

    /// <summary>At what separates, but not inside quotes.</summary>
    private static IEnumerable<string> Split(string text, char separator)
    {
        var (from, isQuoted) = (0, false);
        for (var i = 0; i < text.Length; i++)
            if (isQuoted && text[i] == '\\') i++;
            else if (text[i] == '"') isQuoted = !isQuoted;
            else if (!isQuoted && text[i] == separator)
            {
                yield return text[from..i];
                from = i + 1;
            }
        yield return text[from..];
    }
}
