using Avro;

namespace Checkout.Contracts.Tests;

public sealed class SchemaRulesTests
{
    private const string EventId =
        """{"name":"eventId","doc":"Id of this event.","type":{"type":"string","logicalType":"uuid"}}""";
    private const string OccurredAt =
        """{"name":"occurredAt","doc":"When it happened.","type":{"type":"long","logicalType":"timestamp-micros"}}""";

    public static IEnumerable<TheoryDataRow<string>> Names => ContractFiles.Names;

    public static TheoryData<string, string> BrokenFields => new()
    {
        { "has no doc.", """{"name":"sku","type":"string"}""" },
        { "is not camelCase.", """{"name":"Sku","doc":"Code of the package.","type":"string"}""" },
        { "is not camelCase.", """{"name":"sku_code","doc":"Code of the package.","type":"string"}""" },
        { "must be a long of whole coins.",
            """{"name":"priceCoins","doc":"Price, in whole coins.","type":"double"}""" },
        { "its doc does not say its unit", """{"name":"coins","doc":"How many they get.","type":"long"}""" },
        { "must be a uuid.", """{"name":"checkoutId","doc":"Id of the checkout.","type":"string"}""" },
        { "must be a timestamp in microseconds.",
            """
            {"name":"expiresAt","doc":"The deadline of it.","type":{"type":"long","logicalType":"timestamp-millis"}}
            """ },
        { "must say that it is opaque", """{"name":"customerId","doc":"Who bought the package.","type":"string"}""" },
        { "sounds like data of a person.",
            """{"name":"emailAddress","doc":"Where to write to them.","type":"string"}""" },
        { "sounds like data of a person.", """{"name":"displayName","doc":"What they are called.","type":"string"}""" },
        { "sounds like data of a person.", """{"name":"ipV4","doc":"Where they came from.","type":"string"}""" },
        { "has no doc.", Enum(null, "UNKNOWN", "UNKNOWN") },
        { "must have the default symbol UNKNOWN.", Enum("Why it was so.", null, "UNKNOWN") },
        { "must have the default UNKNOWN", Enum("Why it was so.", "UNKNOWN", null) },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void A_schema_keeps_the_rules(string name) =>
        Assert.Empty(SchemaRules.BrokenBy((RecordSchema)Schema.Parse(ContractFiles.Current[name])));

    [Theory]
    [MemberData(nameof(BrokenFields))]
    public void A_field_that_breaks_a_rule_is_refused(string because, string field) =>
        Assert.Contains(because, OnlyRuleBrokenBy(Record("A record made for a test.", EventId, OccurredAt, field)),
            StringComparison.Ordinal);

    [Fact]
    public void A_record_without_a_doc_is_refused() =>
        Assert.Contains("has no doc.", OnlyRuleBrokenBy(Record("", EventId, OccurredAt)), StringComparison.Ordinal);

    [Fact]
    public void An_event_begins_with_its_id_and_time() =>
        Assert.Contains("does not begin with",
            OnlyRuleBrokenBy(Record("A record made for a test.", OccurredAt, EventId)), StringComparison.Ordinal);

    [Fact]
    public void The_only_name_in_any_schema_is_that_of_a_product()
    {
        var fields =
            from text in ContractFiles.Current.Values
            let schema = (RecordSchema)Schema.Parse(text)
            from field in schema.Fields
            select (Path: $"{schema.Fullname}.{field.Name}", field.Documentation);
        var (path, doc) = Assert.Single(fields,
            field => field.Path.EndsWith("name", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(SchemaRules.ProductName, path);
        Assert.Contains("the name of a product", doc, StringComparison.Ordinal);
    }

    [Fact]
    public void An_enum_is_the_same_in_every_schema_that_has_it()
    {
        var fields = ContractFiles.Current.Values.SelectMany(text => ((RecordSchema)Schema.Parse(text)).Fields);
        var enums = fields.Select(field => field.Schema).OfType<EnumSchema>().ToLookup(symbols => symbols.Fullname);
        Assert.Equal(["avatarstore.CreditCause", "avatarstore.Rarity", "avatarstore.Reason"],
            enums.Select(copies => copies.Key).Order(StringComparer.Ordinal));
        Assert.True(enums["avatarstore.Reason"].Count() > 1);
        Assert.All(enums, copies => Assert.Single(copies.Select(copy => copy.ToString()).Distinct()));
    }

    [Fact]
    public void Each_owner_has_its_own_namespace() =>
        Assert.Equal(
            ["avatarstore.balance", "avatarstore.game", "avatarstore.inventory", "avatarstore.store"],
            ContractFiles.Current.Keys.Select(name => name[..name.LastIndexOf('.')]).Distinct()
                .Order(StringComparer.Ordinal));

    private static string OnlyRuleBrokenBy(RecordSchema schema) => Assert.Single(SchemaRules.BrokenBy(schema));

    private static RecordSchema Record(string doc, params string[] fields) => (RecordSchema)Schema.Parse(
        $$"""
        {"type":"record","namespace":"avatarstore.test","name":"Made","doc":"{{doc}}",
         "fields":[{{string.Join(',', fields)}}]}
        """);

    private static string Enum(string? doc, string? symbol, string? value) =>
        $$"""
        {"name":"reason","doc":"Why it was refused.","type":{"type":"enum","name":"Why","symbols":["UNKNOWN","A"]
        {{(doc is null ? "" : $",\"doc\":\"{doc}\"")}}
        {{(symbol is null ? "" : $",\"default\":\"{symbol}\"")}} }
        {{(value is null ? "" : $",\"default\":\"{value}\"")}} }
        """;
}
