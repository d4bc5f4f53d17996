using System.Text;
using System.Text.Json;
using Checkout.Chassis.Entrance;

namespace Checkout.Chassis.Operating;

/// <summary>Facts that an operator gives: a JSON array of flat objects, in UTF-8.</summary>
public static class OperatorFile
{
    private const int MaxBytes = 64 * 1024 * 1024;
    private const int MaxFaultsSaid = 20;

    /// <exception cref="FormatException">It is not UTF-8, or too large for one transaction.</exception>
    public static async Task<string> TextAsync(FileInfo file, CancellationToken cancellation)
    {
        if (file.Exists && file.Length > MaxBytes)
            throw new FormatException($"The file has {file.Length} bytes, and is taken as a whole; divide it into "
                + $"files of at most {MaxBytes}.");
        var bytes = await File.ReadAllBytesAsync(file.FullName, cancellation);
        try
        {
            var begin = bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes.AsSpan(begin));
        }
        catch (DecoderFallbackException e)
        {
            throw new FormatException($"The file is not UTF-8: it has byte {e.BytesUnknown?[0]:X2} at {e.Index}.", e);
        }
    }

    /// <param name="problems">What is wrong with the values of an entry, in sentences that name the field; nulls where
    /// nothing is.</param>
    /// <param name="businessKey">By which an entry is known; of two with one key only the first would count, so they
    /// may not differ.</param>
    /// <exception cref="FormatException">The text is not such an array, or something is wrong in it; a sentence for
    /// each fault says the line and the field.</exception>
    public static IReadOnlyList<T> Read<T>(string text, Func<T, IEnumerable<string?>> problems,
        Func<T, object>? businessKey = null)
    {
        var known = new Dictionary<object, int>();
        var entries = new List<T>();
        var faults = new List<string>();
        foreach (var (line, element) in Elements(text))
        {
            var at = $"Line {line}, entry {entries.Count + 1}: ";
            try
            {
                entries.Add(StrictJson.Read<T>(element));
                faults.AddRange(problems(entries[^1]).OfType<string>().Select(problem => at + problem));
                if (businessKey?.Invoke(entries[^1]) is { } key && !known.TryAdd(key, entries.Count)
                    && !Equals(entries[known[key] - 1], entries[^1]))
                    faults.Add($"{at}It is the same fact as entry {known[key]}, and says something else; give one of "
                        + "them.");
            }
            catch (FormatException e)
            {
                entries.Add(default!);
                faults.Add(at + e.Message);
            }
        }
        if (faults.Count == 0) return entries;
        IEnumerable<string> said = faults.Count <= MaxFaultsSaid ? faults
            : faults.Take(MaxFaultsSaid).Append($"And {faults.Count - MaxFaultsSaid} more.");
        throw new FormatException(string.Join('\n', said));
    }

    private static IReadOnlyList<(int Line, JsonElement Element)> Elements(string text)
    {
        try
        {
            return StrictJson.Elements(Encoding.UTF8.GetBytes(text));
        }
        catch (FormatException e)
        {
            throw new FormatException($"The file can't be read. {e.Message}", e);
        }
    }
}
