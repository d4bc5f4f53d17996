using System.Text.Json;
using System.Text.Json.Nodes;
using Avro;

namespace Checkout.Generator;

/// <summary>
/// Writes a new released version, with its sample, of every schema that differs from its newest one. Never touches a
/// version that exists.
/// </summary>
internal static class Release
{
    private static readonly string[] Owners = ["store", "balance", "inventory", "game"];

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static int Run(string contracts)
    {
        foreach (var path in Owners.SelectMany(owner => Directory.GetFiles(Path.Combine(contracts, owner), "*.avsc"))
            .Order(StringComparer.Ordinal))
        {
            var text = File.ReadAllText(path);
            var schema = (RecordSchema)Schema.Parse(text);
            var folder = Directory.CreateDirectory(Path.Combine(contracts, "released", schema.Fullname)).FullName;
            var newest = Directory.GetFiles(folder, "*.avsc")
                .Select(file => int.Parse(Path.GetFileNameWithoutExtension(file))).DefaultIfEmpty(0).Max();
            if (newest > 0 && SameJson(text, File.ReadAllText(Path.Combine(folder, $"{newest}.avsc"))))
                continue;
            File.Copy(path, Path.Combine(folder, $"{newest + 1}.avsc"));
            File.WriteAllText(Path.Combine(folder, $"{newest + 1}.sample.json"),
                Sample.Of(schema).ToJsonString(Indented) + "\n");
            Console.WriteLine($"released {schema.Fullname} version {newest + 1}");
        }

        return 0;
    }

    private static bool SameJson(string one, string other) =>
        JsonNode.DeepEquals(JsonNode.Parse(one), JsonNode.Parse(other));
}
