using System.Text.Json;
using System.Text.Json.Serialization;

namespace Checkout.Chassis.Operating;

/// <summary>Facts that an operator gives: a JSON array of objects.</summary>
public static class OperatorFile
{
    private static readonly JsonSerializerOptions Strict = new(JsonSerializerDefaults.Web)
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        NumberHandling = JsonNumberHandling.Strict,
    };

    /// <exception cref="FormatException">The text is not such an array; the sentence says where.</exception>
    public static IReadOnlyList<T> Read<T>(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<List<T>>(text, Strict)
                ?? throw new FormatException("The file holds null; give a JSON array.");
        }
        catch (JsonException e)
        {
            throw new FormatException($"The file can't be read: {e.Message}", e);
        }
    }
}
