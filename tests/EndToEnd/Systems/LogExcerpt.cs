using System.Text.Json;

namespace Checkout.EndToEnd.Systems;

/// <summary>What a process said last, in short: without its lines about single events.</summary>
internal static class LogExcerpt
{
    private const int MaxLines = 25;
    private const int MaxLength = 300;

    public static IEnumerable<string> Of(string file)
    {
        var process = Path.GetFileNameWithoutExtension(file);
        return File.ReadLines(file).Select(line => Shortened(process, line)).OfType<string>().TakeLast(MaxLines);
    }

    /// <summary>Null for what is left out.</summary>
    private static string? Shortened(string process, string line)
    {
        if (Parsed(line) is not { ValueKind: JsonValueKind.Object } entry) return null;
        var level = entry.GetProperty("LogLevel").GetString();
        if (level == "Debug") return null;
        var said = $"{entry.GetProperty("Timestamp").GetDateTime():HH:mm:ss.fff} {process} {level} "
            + $"{entry.GetProperty("Message").GetString()}";
        return said.Length <= MaxLength ? said : said[..MaxLength];
    }

    /// <summary>
    /// Null where it is no JSON: PostgreSQL's log is none, and a process that was killed leaves half a line.
    /// </summary>
    private static JsonElement? Parsed(string line)
    {
        try
        {
            return JsonDocument.Parse(line).RootElement;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
