namespace Checkout.Chassis;

/// <summary>What somebody may have meant who wrote another word.</summary>
internal static class Spelling
{
    /// <summary>Null where none is near.</summary>
    /// <param name="byDistance">False where the only one is meant, however it is spelled.</param>
    public static string? Nearest(string word, IEnumerable<string> known, bool byDistance = true)
    {
        var names = known.ToList();
        if (!byDistance && names.Count == 1) return names[0];
        var nearest = names.MinBy(name => Distance(word, name));
        return nearest is not null && Distance(word, nearest) <= Math.Max(2, word.Length / 3) ? nearest : null;
    }

    /// <summary>How many letters have to be added, taken away or changed; upper and lower case are one.</summary>
    public static int Distance(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= other.Length; j++)
            {
                var change = char.ToUpperInvariant(one[i - 1]) == char.ToUpperInvariant(other[j - 1]) ? 0 : 1;
                (diagonal, row[j]) =
                    (row[j], Math.Min(diagonal + change, Math.Min(row[j], row[j - 1]) + 1));
            }
        }
        return row[^1];
    }
}
