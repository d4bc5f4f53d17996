using System.Text.RegularExpressions;
using Avro;

namespace Checkout.Contracts.Tests;

/// <summary>
/// What a schema of this system must keep to; see docs/decisions/0001-forgetting-a-player.md and 0002-schemas.md.
/// </summary>
internal static partial class SchemaRules
{
    public const string ProductName = "avatarstore.store.PackageListed.name";

    /// <summary>The rules a schema breaks, in sentences; nothing, if it keeps to all.</summary>
    public static IEnumerable<string> BrokenBy(RecordSchema schema) =>
    [
        .. HeadBroken(schema),
        .. IsSaid(schema.Documentation) ? [] : new[] { $"{schema.Fullname} has no doc." },
        .. schema.Fields.SelectMany(field => BrokenBy(field, $"{schema.Fullname}.{field.Name}")),
    ];

    private static IEnumerable<string> HeadBroken(RecordSchema schema)
    {
        if (schema.Count < 2 || schema.Fields[0].Name != "eventId" || schema.Fields[1].Name != "occurredAt")
            yield return $"{schema.Fullname} does not begin with eventId and occurredAt.";
        if (!schema.Fullname.StartsWith("avatarstore.", StringComparison.Ordinal))
            yield return $"{schema.Fullname} is not in the namespace avatarstore.";
    }

    private static IEnumerable<string> BrokenBy(Field field, string at)
    {
        if (!IsSaid(field.Documentation))
            yield return $"{at} has no doc.";
        if (char.IsUpper(field.Name[0]) || field.Name.Contains('_', StringComparison.Ordinal))
            yield return $"{at} is not camelCase.";
        if (IsMoney(field.Name) && field.Schema.Tag != Schema.Type.Long)
            yield return $"{at} is money and so must be a long of whole coins.";
        if (IsMoney(field.Name) && !Says(field, "whole coins"))
            yield return $"{at} is money, and its doc does not say its unit, whole coins.";
        if (field.Name is "eventId" or "checkoutId" && field.Schema is not LogicalSchema { LogicalTypeName: "uuid" })
            yield return $"{at} must be a uuid.";
        if (field.Name.EndsWith("At", StringComparison.Ordinal)
            && field.Schema is not LogicalSchema { LogicalTypeName: "timestamp-micros" })
            yield return $"{at} must be a timestamp in microseconds.";
        if (field.Name == "customerId" && !(Says(field, "opaque") && Says(field, "never a name or address")))
            yield return $"{at}: its doc must say that it is opaque, and never a name or address.";
        if (PersonalWord().IsMatch(field.Name) && at != ProductName)
            yield return $"{at} sounds like data of a person. See docs/decisions/0001-forgetting-a-player.md.";
        foreach (var broken in EnumBroken(field, at))
            yield return broken;
    }

    private static IEnumerable<string> EnumBroken(Field field, string at)
    {
        if (field.Schema is not EnumSchema symbols)
            yield break;
        if (!IsSaid(symbols.Documentation))
            yield return $"{at}: the enum {symbols.Fullname} has no doc.";
        if (symbols.Default is not "UNKNOWN")
            yield return $"{at}: the enum {symbols.Fullname} must have the default symbol UNKNOWN.";
        if (field.DefaultValue?.ToString() is not "UNKNOWN")
            yield return $"{at} must have the default UNKNOWN, so that the field can be dropped one day.";
    }

    private static bool IsMoney(string name) => name.EndsWith("coins", StringComparison.OrdinalIgnoreCase);

    private static bool IsSaid(string? doc) => doc is { Length: > 10 };

    private static bool Says(Field field, string words) =>
        field.Documentation?.Contains(words, StringComparison.Ordinal) ?? false;

    [GeneratedRegex(
        "name|mail|phone|address|street|city|postal|zip|birth|age$|gender|nation"
            + "|passport|iban|card|latitude|longitude|device|^ip|avatarUrl|photo",
        RegexOptions.IgnoreCase)]
    private static partial Regex PersonalWord();
}
