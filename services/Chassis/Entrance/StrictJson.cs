using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Checkout.Chassis.Entrance;

/// <summary>
/// Flat JSON objects as they are documented: exactly the properties of a record, each once and of its kind: text,
/// whole number, true or false; one that may be null may be left out. Whatever else comes is refused with a sentence
/// that names the field or the place.
/// </summary>
public static class StrictJson
{
    private const int MaxDepth = 16;

    private static readonly JsonDocumentOptions Shallow = new() { MaxDepth = MaxDepth };

    private static readonly JsonSerializerOptions Named = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    /// <exception cref="FormatException">The text is not such an object.</exception>
    public static T Read<T>(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8, Shallow);
            return Read<T>(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new FormatException(Place(e), e);
        }
    }

    /// <summary>The elements of an array, each with the line it begins on, the first being 1.</summary>
    /// <exception cref="FormatException">The text is not an array.</exception>
    public static IReadOnlyList<(int Line, JsonElement Element)> Elements(ReadOnlySpan<byte> utf8)
    {
        try
        {
            var elements = new List<(int, JsonElement)>();
            var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MaxDepth });
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartArray)
                throw new FormatException($"It holds {Kind(JsonElement.ParseValue(ref reader))}; give an array of "
                    + "objects.");
            var (line, counted) = (1, 0);
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                var begin = (int)reader.TokenStartIndex;
                line += utf8[counted..begin].Count((byte)'\n');
                counted = begin;
                elements.Add((line, JsonElement.ParseValue(ref reader)));
            }
            // Throws where something follows the array.
            reader.Read();
            return elements;
        }
        catch (JsonException e)
        {
            throw new FormatException(Place(e), e);
        }
    }

    /// <exception cref="FormatException">The element is not such an object.</exception>
    public static T Read<T>(JsonElement element)
    {
        var fields = Named.GetTypeInfo(typeof(T)).Properties;
        var names = string.Join(", ", fields.Select(f => IsOptional(f) ? $"{f.Name} (optional)" : f.Name));
        if (element.ValueKind != JsonValueKind.Object)
            throw new FormatException($"It is {Kind(element)}; give an object with {names}.");
        var seen = new HashSet<string>();
        foreach (var property in element.EnumerateObject())
        {
            var name = Text(() => property.Name) ?? throw new FormatException("A field's name is not Unicode.");
            var field = fields.FirstOrDefault(f => f.Name == name) ?? throw new FormatException(
                $"{PlainText.Shown(name)} is no field here; an object has {names}, in this spelling.");
            if (!seen.Add(name)) throw new FormatException($"{name} stands there twice.");
            var kind = Nullable.GetUnderlyingType(field.PropertyType) ?? field.PropertyType;
            if (Fault(property.Value, kind) is { } fault) throw new FormatException($"{name} {fault}");
        }
        return fields.FirstOrDefault(f => !seen.Contains(f.Name) && !IsOptional(f)) is { } missing
            ? throw new FormatException($"{missing.Name} is missing; an object has {names}.")
            : element.Deserialize<T>(Named)!;
    }

    private static bool IsOptional(JsonPropertyInfo field) => field.IsGetNullable;

    private static string? Fault(JsonElement value, Type wanted)
    {
        if (wanted == typeof(string))
            return value.ValueKind != JsonValueKind.String ? $"is {Kind(value)}; give text."
                : Text(value.GetString) is null ? "is not Unicode: half of a surrogate pair, or no UTF-8." : null;
        if (wanted == typeof(bool))
            return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? null
                : $"is {Kind(value)}; give true or false.";
        if (wanted != typeof(long)) throw new NotSupportedException($"Only text, long and bool are read, no {wanted}.");
        return value.ValueKind != JsonValueKind.Number ? $"is {Kind(value)}; give a whole number."
            : value.TryGetInt64(out _) ? null
            : $"is {PlainText.Shown(value.GetRawText())}; give a whole number from {-ExactNumber.Max} to "
                + $"{ExactNumber.Max}, without a fraction or an exponent.";
    }

    /// <summary>Null where it is not Unicode: System.Text.Json notices when the text is read.</summary>
    private static string? Text(Func<string?> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => value.GetRawText(),
    };

    /// <summary>System.Text.Json counts from zero, and says the place in words of its own.</summary>
    private static string Place(JsonException e)
    {
        var tail = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return $"It is not JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}: "
            + (tail < 0 ? e.Message : e.Message[..tail]);
    }
}
