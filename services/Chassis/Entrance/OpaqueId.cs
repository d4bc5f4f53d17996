using System.Buffers;

namespace Checkout.Chassis.Entrance;

/// <summary>
/// An id that comes from outside and means nothing here. One alphabet at every entrance: the characters that a URL
/// never has to escape (RFC 3986, unreserved), so that each id has exactly one URL. "." and ".." are steps of a path.
/// </summary>
public static class OpaqueId
{
    public const int MaxLength = 128;

    /// <summary>The same as a regular expression (ECMA-262), without the length.</summary>
    public const string Pattern = @"^(?!\.{1,2}$)[A-Za-z0-9._~\-]+$";

    private static readonly SearchValues<char> Alphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~");

    /// <summary>What is wrong with the id, in a sentence that names the field and not the id; else null.</summary>
    public static string? Problem(string field, string? id, int maxLength = MaxLength)
    {
        var fault = id switch
        {
            null or "" => "is empty",
            "." or ".." => $"is {id}",
            { Length: var length } when length > maxLength => $"has {length} characters",
            _ when id.AsSpan().IndexOfAnyExcept(Alphabet) is >= 0 and var at =>
                $"has U+{(int)id[at]:X4} as character {at + 1}",
            _ => null,
        };
        return fault is null ? null
            : $"{field} {fault}; an id is 1 to {maxLength} of A-Z, a-z, 0-9, \"-\", \".\", \"_\" and \"~\", and not "
                + "\".\" or \"..\".";
    }
}
