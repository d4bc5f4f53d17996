using System.Text.Json;
using System.Text.Json.Nodes;

namespace Checkout.Observer.Auditing;

/// <summary>An event as the audit sees it: its place, and the fields that the rules speak of.</summary>
/// <param name="Name">Of its type, without the namespace.</param>
/// <param name="Fields">Null where it can't be decoded, or is of a type that is not known here.</param>
public sealed record Told(string Topic, int Partition, long Position, long? Previous, Guid EventId, string Name,
    DateTime OccurredAt, JsonObject? Fields)
{
    /// <summary>In characters; a row of an index has 2,704 bytes at most (PostgreSQL, SQLSTATE 54000).</summary>
    private const int MaxKeyLength = 200;

    /// <summary>When it was read, UTC, by the Observer's clock.</summary>
    public DateTime ReadAt { get; init; }

    /// <summary>Whether its chain was judged beyond it already: a hole was passed over, and is filled.</summary>
    public bool IsLate { get; init; }

    public Guid? CheckoutId => Fields?["checkoutId"] is { } id ? Guid.Parse((string)id!) : null;

    public string? CustomerId => Key("customerId");

    public string? Sku => Key("sku");

    public long? PriceCoins => Number("priceCoins");

    public DateTime? ExpiresAt => Fields?["expiresAt"] is { } at ? at.GetValue<DateTime>() : null;

    public bool? RefundDue => Fields?["refundDue"]?.GetValue<bool>();

    public string? Text(string field) => (string?)Fields?[field];

    public long? Number(string field) => Fields?[field]?.GetValue<long>();

    /// <summary>As PostgreSQL and an index take it: a text of our services is never longer.</summary>
    public string? Key(string field) => Cut(Text(field))?.Replace('\0', '\uFFFD');

    public static string NameOf(string type) => Cut(type[(type.LastIndexOf('.') + 1)..])!;

    private static string? Cut(string? text) => text?.Length > MaxKeyLength
        ? text[..(char.IsHighSurrogate(text[MaxKeyLength - 1]) ? MaxKeyLength - 1 : MaxKeyLength)] : text;

    /// <summary>Such as a database gives them.</summary>
    public static JsonObject? FieldsOf(string? json) => json is null ? null : JsonNode.Parse(json)!.AsObject();

    public static string? JsonOf(JsonObject? fields) =>
        fields?.ToJsonString(JsonSerializerOptions.Web);
}
