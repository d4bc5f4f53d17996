using System.Text;
using System.Text.Json;

namespace Checkout.Registry;

/// <summary>
/// What was registered, a JSON object a line, each on disk before its answer is given: an id on Kafka must never come
/// to mean another schema.
/// </summary>
internal sealed class SchemaLog : IDisposable
{
    private const byte NewLine = (byte)'\n';
    private readonly FileStream _file;

    public SchemaLog(string path)
    {
        path = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        _file = new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
    }

    /// <summary>A registered version, or a level of a subject (of all where there is none).</summary>
    internal sealed record Entry(string? Subject, int? Version, int? Id, string? Schema, string? Level);

    /// <summary>A last line without its end was never answered (a crash while it was written): it is cut off.</summary>
    public IReadOnlyList<Entry> Read()
    {
        var bytes = new byte[_file.Length];
        _file.ReadExactly(bytes);
        var whole = Array.LastIndexOf(bytes, NewLine) + 1;
        _file.SetLength(whole);
        _file.Position = whole;
        return [.. Encoding.UTF8.GetString(bytes, 0, whole).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(Parse)];
    }

    public void Append(Entry entry)
    {
        _file.Write([.. JsonSerializer.SerializeToUtf8Bytes(entry, SchemaText.Plain), NewLine]);
        _file.Flush(flushToDisk: true);
    }

    public void Dispose() => _file.Dispose();

    private Entry Parse(string line, int index)
    {
        try
        {
            return JsonSerializer.Deserialize<Entry>(line)!;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(
                $"Line {index + 1} of the registry's file {_file.Name} can't be read: restore the file, or remove it "
                    + "with the topics whose events name its ids.", e);
        }
    }
}
