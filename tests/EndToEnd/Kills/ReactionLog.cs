using System.Text;
using System.Text.Json;

namespace Checkout.EndToEnd.Kills;

/// <summary>A reaction that a process told of in its log.</summary>
internal sealed record Reaction(string Process, DateTime At, string Topic, string CheckoutId);

/// <summary>Follows the log of a process, which has a line for each reaction where the setting makes it so.</summary>
internal sealed class ReactionLog(string process, string file)
{
    /// <summary>
    /// With Debug, the services log each reaction. Without dots: a shell drops such names from the environment.
    /// </summary>
    public const string Setting = "Logging__LogLevel__Checkout";

    private const int ReactedEventId = 10;

    private readonly StringBuilder _rest = new();
    private long _read;

    /// <summary>What was told since the last call.</summary>
    public IReadOnlyList<Reaction> ReadOn()
    {
        using var log = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        log.Position = _read;
        using var reader = new StreamReader(log);
        _rest.Append(reader.ReadToEnd());
        _read = log.Position;
        var text = _rest.ToString();
        var end = text.LastIndexOf('\n') + 1;
        _rest.Remove(0, end);
        return text[..end].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse).OfType<Reaction>().ToList();
    }

    private Reaction? Parse(string line)
    {
        if (!line.StartsWith('{') || !line.EndsWith('}')) return null;
        using var json = JsonDocument.Parse(line);
        if (json.RootElement.GetProperty("EventId").GetInt32() != ReactedEventId) return null;
        var state = json.RootElement.GetProperty("State");
        return state.TryGetProperty("CorrelationId", out var id) && id.GetString() is { } checkoutId
            ? new(process, json.RootElement.GetProperty("Timestamp").GetDateTime(),
                state.GetProperty("Topic").GetString()!, checkoutId)
            : null;
    }
}
