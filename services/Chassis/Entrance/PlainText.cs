using System.Globalization;

namespace Checkout.Chassis.Entrance;

/// <summary>A text for people, or a reference that others made up: short, and nothing that garbles a line.</summary>
public static class PlainText
{
    public const int MaxLength = 200;

    /// <summary>The same as a regular expression (ECMA-262), without the length.</summary>
    public const string Pattern = @"^(?=.*\S)[^\u0000-\u001F\u007F-\u009F]+$";

    private const int MaxShown = 40;

    /// <summary>What is wrong with the text, in a sentence that names the field; else null.</summary>
    public static string? Problem(string field, string? text, int maxLength = MaxLength)
    {
        var fault = text switch
        {
            _ when string.IsNullOrWhiteSpace(text) => "is empty",
            { Length: var length } when length > maxLength => $"has {length} characters",
            _ when Garbling(text) is >= 0 and var at => $"has U+{(int)text[at]:X4} as character {at + 1}",
            _ => null,
        };
        return fault is null ? null
            : $"{field} {fault}; give 1 to {maxLength} characters, none of them a control character or half of a "
                + "surrogate pair.";
    }

    /// <summary>Foreign text as it may stand in a sentence: cut, and with its control characters spelled out.</summary>
    internal static string Shown(string text)
    {
        var cut = text.Length > MaxShown ? text[..MaxShown] + "..." : text;
        return string.Concat(cut.Select((c, i) => IsGarbling(cut, i)
            ? string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}") : c.ToString()));
    }

    private static int Garbling(string text)
    {
        for (var i = 0; i < text.Length; i++)
            if (IsGarbling(text, i)) return i;
        return -1;
    }

    private static bool IsGarbling(string text, int at) => char.IsControl(text[at])
        || (char.IsHighSurrogate(text[at]) && !(at + 1 < text.Length && char.IsLowSurrogate(text[at + 1])))
        || (char.IsLowSurrogate(text[at]) && !(at > 0 && char.IsHighSurrogate(text[at - 1])));
}
