using Avro;

namespace Checkout.Registry;

/// <summary>
/// Can data written with one schema be read with another, by Avro's rules for schema resolution? Schema.CanRead of
/// Apache.Avro 1.12.2 does not serve: it accepts a writer's enum symbols and union branches the reader does not know,
/// and refuses bytes for string and a logical type for its base type (seen).
/// </summary>
internal static class SchemaCompatibility
{
    /// <summary>What stands in the way, each with its place in the reader's schema; nothing if it can.</summary>
    public static List<string> Problems(Schema reader, Schema writer)
    {
        var problems = new List<string>();
        Check(reader, writer, "", problems, []);
        return problems;
    }

    private static void Check(Schema reader, Schema writer, string at, List<string> problems,
        HashSet<(Schema, Schema)> seen)
    {
        (reader, writer) = (Base(reader), Base(writer));
        // A pair met again is inside itself (a list of its own kind): it is being checked already.
        if (!seen.Add((reader, writer))) return;
        switch (reader, writer)
        {
            case (_, UnionSchema w):
                foreach (var branch in w.Schemas) Check(reader, branch, at, problems, seen);
                break;
            case (UnionSchema r, _):
                if (!r.Schemas.Any(branch => Reads(branch, writer, seen)))
                    problems.Add($"{Place(at)}: no branch of the union reads {writer.Fullname}");
                break;
            case (RecordSchema r, RecordSchema w) when r.Name == w.Name:
                foreach (var field in r.Fields) CheckField(field, w, at, problems, seen);
                break;
            case (EnumSchema r, EnumSchema w) when r.Name == w.Name:
                if (r.Default is null && w.Symbols.Except(r.Symbols).ToList() is { Count: > 0 } unknown)
                    problems.Add($"{Place(at)}: the enum {r.Name} has no default for the symbols it does not know: "
                        + $"{string.Join(", ", unknown)}");
                break;
            case (FixedSchema r, FixedSchema w) when r.Name == w.Name && r.Size == w.Size:
                break;
            case (ArraySchema r, ArraySchema w):
                Check(r.ItemSchema, w.ItemSchema, at + "[]", problems, seen);
                break;
            case (MapSchema r, MapSchema w):
                Check(r.ValueSchema, w.ValueSchema, at + "{}", problems, seen);
                break;
            case (PrimitiveSchema, PrimitiveSchema) when ReadsPrimitive(reader.Tag, writer.Tag):
                break;
            default:
                problems.Add($"{Place(at)}: {reader.Fullname} does not read {writer.Fullname}");
                break;
        }
    }

    private static void CheckField(Field field, RecordSchema writer, string at, List<string> problems,
        HashSet<(Schema, Schema)> seen)
    {
        var place = $"{at}/{field.Name}";
        var written = writer.Fields.Find(w => w.Name == field.Name)
            ?? writer.Fields.Find(w => field.Aliases?.Contains(w.Name) == true);
        if (written is not null) Check(field.Schema, written.Schema, place, problems, seen);
        else if (field.DefaultValue is null)
            problems.Add($"{place}: the field has no default, and {writer.Name} was written without it");
    }

    private static bool Reads(Schema reader, Schema writer, HashSet<(Schema, Schema)> seen)
    {
        var problems = new List<string>();
        Check(reader, writer, "", problems, [.. seen]);
        return problems.Count == 0;
    }

    private static bool ReadsPrimitive(Schema.Type reader, Schema.Type writer) =>
        reader == writer || (reader, writer) is
        (Schema.Type.Long, Schema.Type.Int) or
        (Schema.Type.Float, Schema.Type.Int or Schema.Type.Long) or
        (Schema.Type.Double, Schema.Type.Int or Schema.Type.Long or Schema.Type.Float) or
        (Schema.Type.String, Schema.Type.Bytes) or
        (Schema.Type.Bytes, Schema.Type.String);

    private static Schema Base(Schema schema) => schema is LogicalSchema logical ? logical.BaseSchema : schema;

    private static string Place(string at) => at.Length == 0 ? "/" : at;
}
