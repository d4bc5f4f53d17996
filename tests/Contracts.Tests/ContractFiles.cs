using System.Text.Json.Nodes;
using Avro;

namespace Checkout.Contracts.Tests;

/// <summary>
/// The schemas as they lie in the repository: the current one of each event, and every version ever released.
/// </summary>
internal static class ContractFiles
{
    private static readonly string[] Owners = ["store", "balance", "inventory", "game"];

    private static readonly string Root = Path.Combine(RepositoryRoot(), "contracts");

    public static IReadOnlyDictionary<string, string> Current { get; } = Owners
        .SelectMany(owner => Directory.GetFiles(Path.Combine(Root, owner), "*.avsc"))
        .Select(File.ReadAllText)
        .ToDictionary(text => Schema.Parse(text).Fullname);

    public static ILookup<string, ReleasedVersion> Released
    {
        get;
    } = Directory.GetFiles(Path.Combine(Root, "released"), "*.avsc", SearchOption.AllDirectories)
        .Select(file => new ReleasedVersion(
            Path.GetFileName(Path.GetDirectoryName(file)!),
            int.Parse(Path.GetFileNameWithoutExtension(file)),
            File.ReadAllText(file),
            Path.ChangeExtension(file, ".sample.json")))
        .OrderBy(version => version.Number)
        .ToLookup(version => version.Fullname);

    public static IEnumerable<TheoryDataRow<string>> Names =>
        Current.Keys.Order(StringComparer.Ordinal).Select(name => new TheoryDataRow<string>(name));

    public static bool SameJson(string one, string other) =>
        JsonNode.DeepEquals(JsonNode.Parse(one), JsonNode.Parse(other));

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Checkout.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException(
            $"No folder above {AppContext.BaseDirectory} holds Checkout.sln; run the tests inside the repository.");
    }
}

internal sealed record ReleasedVersion(string Fullname, int Number, string Text, string SampleFile)
{
    public RecordSchema Schema { get; } = (RecordSchema)Avro.Schema.Parse(Text);
}
