using System.Text;
using Microsoft.AspNetCore.Http;

namespace Checkout.Chassis.Edge;

/// <summary>
/// What makes tries of one request the same request (draft-ietf-httpapi-idempotency-key-header). On the wire a
/// structured-field string (RFC 9651): in quotes, printable ASCII, with a backslash before a quote or a backslash; or
/// bare, as most clients send it. Both forms of a text are the same key.
/// </summary>
public static class IdempotencyKey
{
    public const string Header = "Idempotency-Key";

    /// <summary>Set to true on the answer to a request whose key was used before.</summary>
    public const string ReplayedHeader = "Idempotency-Replayed";

    public const int MaxLength = 200;

    private const char FirstVisible = '!', LastVisible = '~';

    /// <summary>These end or begin something else in structured fields, or may be lost on the way.</summary>
    private const string NotBare = "\"\\,;";

    /// <exception cref="RequestRefusedException">There is none, more than one, or a malformed one.</exception>
    public static string Of(HttpRequest request)
    {
        var sent = SingleHeader.Of(request, Header)?.Trim(' ', '\t');
        if (string.IsNullOrEmpty(sent))
            throw ProblemTypes.KeyMissing.Refused(
                $"Send a header {Header} of 1 to {MaxLength} characters, new for each request that is meant anew and "
                    + "the same on every try of it.");
        var key = sent[0] == '"' ? Unquoted(sent) : Bare(sent);
        if (key.Length > MaxLength)
            throw Refused($"It is too long: {key.Length} characters, and {MaxLength} is the most.");
        return string.IsNullOrWhiteSpace(key) ? throw Refused("There is nothing in it but spaces.") : key;
    }

    private static string Bare(string sent)
    {
        for (var i = 0; i < sent.Length; i++)
            if (sent[i] is < FirstVisible or > LastVisible || NotBare.Contains(sent[i]))
                throw Refused($"It has {Name(sent[i])} as character {i + 1}: without quotes it may have the visible "
                    + "characters of ASCII other than quote, backslash, comma and semicolon.");
        return sent;
    }

    private static string Unquoted(string sent)
    {
        var key = new StringBuilder(sent.Length);
        for (var i = 1; i < sent.Length; i++)
        {
            if (sent[i] == '"')
                return i == sent.Length - 1 ? key.ToString()
                    : throw Refused($"Something follows its closing quote (character {i + 2}); it has no parameters.");
            if (sent[i] == '\\' && (++i == sent.Length || sent[i] is not ('"' or '\\')))
                throw Refused("A backslash in it stands before something else than a quote or a backslash.");
            if (sent[i] is < ' ' or > LastVisible)
                throw Refused($"It has {Name(sent[i])} as character {i + 1}: in quotes it may have the printable "
                    + "characters of ASCII.");
            key.Append(sent[i]);
        }
        throw Refused("Its closing quote is missing.");
    }

    private static string Name(char c) => $"U+{(int)c:X4}";

    private static RequestRefusedException Refused(string why) =>
        ProblemTypes.KeyMalformed.Refused($"The header {Header} is not well formed. {why}");
}
