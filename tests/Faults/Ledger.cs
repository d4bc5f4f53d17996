using System.Diagnostics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Checkout.Faults;

/// <summary>The finished rounds of all campaigns, one JSON line each. Several campaigns may write at once.</summary>
internal sealed class Ledger(string file)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromMilliseconds(5);
    // The file is data and no web page: the plus of "+changes" stays one.
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public string File => file;

    public void Append(PlayedRound round)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder) Directory.CreateDirectory(folder);
        var line = Encoding.UTF8.GetBytes(JsonSerializer.Serialize(round, Json) + "\n");
        // .NET's Append is no O_APPEND: it looks for the end once and writes there, over what another wrote meanwhile.
        // So the file is this process's alone while it writes (FileShare.None is flock).
        using var stream = Opened(FileMode.Append, FileAccess.Write, FileShare.None);
        stream.Write(line);
    }

    public LedgerContents Read()
    {
        if (!System.IO.File.Exists(file)) return new([], 0);
        using var reader = new StreamReader(Opened(FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        var lines = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var rounds = lines.Select(Parsed).OfType<PlayedRound>().ToList();
        return new(rounds, lines.Length - rounds.Count);
    }

    private FileStream Opened(FileMode mode, FileAccess access, FileShare share)
    {
        for (var clock = Stopwatch.StartNew(); ;)
        {
            try
            {
                // Without a buffer, what is written at once arrives at once.
                return new(file, mode, access, share, bufferSize: 0);
            }
            catch (IOException) when (clock.Elapsed < Patience)
            {
                Thread.Sleep(TryAgainAfter);
            }
        }
    }

    /// <summary>Null where the line is no round, as after a disk that was full.</summary>
    private static PlayedRound? Parsed(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<PlayedRound>(line, Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <param name="Unreadable">Lines that are no rounds.</param>
internal sealed record LedgerContents(IReadOnlyList<PlayedRound> Rounds, int Unreadable)
{
    public int Held(Series series) => Rounds.Count(r => r.Held && r.Series == series);

    public int Violated(Series series) => Rounds.Count(r => !r.Held && r.Series == series);

    /// <summary>Where a seed goes on: after its last round of this series, not before the first wanted.</summary>
    public int NextRound(Series series, int seed, int first) => Math.Max(first,
        Rounds.Where(r => r.Seed == seed && r.Series == series).Select(r => r.Round + 1).DefaultIfEmpty(first).Max());
}
