using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;

namespace Checkout.EndToEnd.OpenApi;

/// <summary>Requests by a document: such as fit it, and such as are broken in one place or another.</summary>
internal sealed class RequestGen(IReadOnlyList<ApiOperation> operations,
    IReadOnlyList<(string Customer, Guid Id)> posted)
{
    private const int Customers = 300;

    private static readonly Gen<char> Visible = Gen.Char['!', '~'];

    private static readonly Gen<string> Printable = Gen.String[Gen.Char[' ', '~'], 0, 30].Select(text => text.Trim());

    /// <summary>Texts for each pattern that a document has: one without is a fault of this test.</summary>
    private static readonly Dictionary<string, Gen<string>> Fitting = new()
    {
        ["^[ -~]*$"] = Gen.OneOf(Printable, Gen.OneOf("wait=0", "W/\"a\", \"b\"", "*")),
        [@"^(?!\.{1,2}$)[A-Za-z0-9._~\-]+$"] = Gen.OneOf(
            Gen.Int[0, Customers].Select(i => $"generated-{i}"),
            Gen.String[Gen.OneOf(Gen.Char['a', 'z'], Gen.Char['0', '9'], Gen.OneOf('-', '_', '~')), 1, 128]),
        [@"^(?=.*\S)[^\u0000-\u001F\u007F-\u009F]+$"] = Gen.OneOf(
            Gen.OneOf("gorilla", "gorilla", "tiger", "palm"),
            Gen.String[Gen.OneOf(Gen.Char['!', '~'], Gen.Char['\u00a1', '\u0fff']), 1, 100]),
        ["^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$"] =
            Gen.Guid.Select(id => id.ToString()),
        ["^[A-Za-z0-9_-]{21}[AQgw]$"] = Gen.Guid.Select(id =>
            System.Buffers.Text.Base64Url.EncodeToString(id.ToByteArray())),
        ["""^(?:"(?=[^"]*[^" ])(?:[ !#-\[\]-~]|\\["\\])+"|[!#-+\-.-:<-\[\]-~]{1,200})$"""] = Gen.OneOf(
            Gen.Guid.Select(id => $"\"{id}\""), Gen.Guid.Select(id => id.ToString()),
            Gen.String[Visible.Where(c => !"\"\\,;".Contains(c, StringComparison.Ordinal)), 1, 200],
            Gen.String[Visible, 1, 90].Select(text =>
                $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal)
                    .Replace("\"", "\\\"", StringComparison.Ordinal)}\"")),
    };

    private static readonly Gen<string> Junk = Gen.OneOf(
        Gen.OneOf(" ", "-1", "0", "101", "1e9", "null", "1.5", "%00", "a b", "a/b", "..", "\"unclosed", "AAAA", "é",
            "9007199254740992", "99999999999999999999", "' OR 1=1", "<script>", "a\u0001b", "\\", "\"\"", "{}",
            "wait=x"),
        Gen.String[Visible, 1, 300], Gen.Guid.Select(id => id.ToString("N")));

    private static readonly Gen<JsonNode?> AnyJson = Gen.OneOf(
        Gen.OneOf("null", "true", "[]", "{}", "-1", "0", "9007199254740991", "9007199254740992", "1.5",
            "99999999999999999999999", "\"\"", "\" \"", "\"gorilla\"", "[[[[[[]]]]]]", "{\"sku\":\"gorilla\"}")
            .Select(text => JsonNode.Parse(text)),
        Gen.String[Gen.Char[' ', '\u02ff'], 0, 150].Select(text => (JsonNode?)text));

    private static readonly Gen<byte[]> JunkBody = Gen.OneOf(
        Gen.OneOf("", "null", "[]", "7", "\"gorilla\"", "{", "{}", "{\"sku\"}", "sku=gorilla", "{\"sku\":\"gorilla\"}}",
            "{\"sku\":\"gorilla\",\"sku\":\"gorilla\"}", "{\"SKU\":\"gorilla\"}", "{\"sku\":\"go\\ud800\"}",
            "{\"sku\":\"gorilla\",\"expectedPriceCoins\":1e400}", new string('[', 5_000),
            $"{{\"sku\":\"{new string('x', 17_000)}\"}}").Select(Encoding.UTF8.GetBytes),
        Gen.Byte.Array[1, 60]);

    private static readonly Gen<string?> ContentTypes = Gen.OneOf<string?>("text/plain", null, "application/xml",
        "application/json; charset=utf-16", "application/x-www-form-urlencoded", "nonsense");

    private static readonly Gen<string> Authorizations = Gen.OneOf("", "Bearer", "Bearer x", "Bearer a.b.c",
        "Basic cGxheWVyLTE6", "bearer", "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJwbGF5ZXItMSJ9.");

    public Gen<ApiRequest> Any => Gen.OneOf([.. operations.Select(Valid)])
        .SelectMany(valid => Gen.Frequency((2, Gen.Const(valid)), (3, Broken(valid))));

    private Gen<ApiRequest> Valid(ApiOperation operation) =>
        Gen.Select(Asker(operation), Parameters(operation), Gen.Int[0, int.MaxValue],
            Body(operation), (asker, parameters, at, body) => OfPosted(new(operation, asker, parameters, body,
                body is null ? null : "application/json"), at));

    private static Gen<Asker> Asker(ApiOperation operation) => Gen.Int[0, Customers].Select(i =>
        new Asker($"generated-{i}", IsSigned: true, operation.NeedsToken ? null : "",
            operation.NeedsScope ? "support" : null));

    /// <summary>As a rule what is there is asked for, by whose it is.</summary>
    private ApiRequest OfPosted(ApiRequest request, int at)
    {
        if (at % 4 == 0) return request;
        var (customer, id) = posted[at % posted.Count];
        return request with
        {
            Body = OfPosted(request, customer, id),
            Asker = request.Asker with { Customer = customer },
            Parameters = [.. request.Parameters.Select(p => p.Name switch
            {
                "id" => (p.Name, id.ToString()),
                "customerId" => (p.Name, customer),
                _ => p,
            })],
        };
    }

    private static byte[]? OfPosted(ApiRequest request, string customer, Guid id)
    {
        if (request.Body is null || !request.Operation.BodyFields().Any(field => field.Name == "checkoutId"))
            return request.Body;
        var body = JsonNode.Parse(request.Body)!.AsObject();
        (body["checkoutId"], body["customerId"]) = (id.ToString(), customer);
        return JsonSerializer.SerializeToUtf8Bytes(body);
    }

    private static Gen<List<(string, string)>> Parameters(ApiOperation operation) =>
        operation.Parameters.Aggregate(Gen.Const(new List<(string, string)>()), (all, parameter) =>
        {
            var name = (string)parameter["name"]!;
            var value = Value(name, parameter["schema"]!);
            var some = (bool)parameter["required"]! ? value.Select(text => (string?)text)
                : Gen.OneOf(Gen.Const((string?)null), value.Select(text => (string?)text));
            return Gen.Select(all, some, (before, text) => text is null ? before : [.. before, (name, text)]);
        });

    private static Gen<string> Value(string name, JsonNode schema) => schema switch
    {
        // Nothing is to be waited for here.
        _ when name == "wait" => Gen.Const("0"),
        _ when (string?)schema["format"] == "uuid" => Gen.Guid.Select(id => id.ToString()),
        _ when (string?)schema["type"] == "integer" =>
            Gen.Int[(int)schema["minimum"]!, (int)schema["maximum"]!]
                .Select(number => number.ToString(CultureInfo.InvariantCulture)),
        _ => Fitting[(string)schema["pattern"]!],
    };

    private static Gen<byte[]?> Body(ApiOperation operation) => operation.Body is null ? Gen.Const((byte[]?)null)
        : operation.BodyFields().Aggregate(Gen.Const(new JsonObject()), (all, field) =>
        {
            var value = FieldValue(field.Name, field.Schema);
            // What is to be freed is said by one of several fields, which no document's schema says.
            var some = field.IsRequired || field.Name == "topic" ? value.Select(v => (JsonNode?)v)
                : Gen.OneOf(Gen.Const((JsonNode?)null), value.Select(v => (JsonNode?)v));
            return Gen.Select(all, some, (before, node) =>
            {
                var body = before.DeepClone().AsObject();
                if (node is not null) body[field.Name] = node.DeepClone();
                return body;
            });
        }).Select(body => (byte[]?)JsonSerializer.SerializeToUtf8Bytes(body));

    private static Gen<JsonNode> FieldValue(string name, JsonNode schema) => (string)schema["type"]! switch
    {
        "boolean" => Gen.Bool.Select(value => (JsonNode)value),
        "integer" => Gen.OneOf(500L, 1L, 50_000L, (1L << 53) - 1).Select(number => (JsonNode)number),
        _ => Value(name, schema).Select(text => (JsonNode)text),
    };

    private static Gen<ApiRequest> Broken(ApiRequest valid) => Gen.OneOf([.. Breaks(valid)]);

    private static IEnumerable<Gen<ApiRequest>> Breaks(ApiRequest valid)
    {
        if (valid.Operation.NeedsToken)
            yield return Authorizations.Select(header => valid with
            {
                Asker = valid.Asker with { IsSigned = false, Header = header },
            });
        foreach (var parameter in valid.Operation.Parameters)
        {
            var (name, isHeader) = ((string)parameter["name"]!, (string)parameter["in"]! == "header");
            var others = valid.Parameters.Where(p => p.Name != name).ToList();
            yield return Junk.Where(junk => IsSent(junk, isHeader)).Select(junk =>
                valid with { Parameters = [.. others, (name, junk)] });
            if ((string)parameter["in"]! != "path" && (bool)parameter["required"]!)
                yield return Gen.Const(valid with { Parameters = others });
        }
        if (valid.Operation.Body is null) yield break;
        yield return JunkBody.Select(body => valid with { Body = body });
        yield return ContentTypes.Select(type => valid with { ContentType = type });
        yield return Gen.Const(valid with { Body = null, ContentType = null });
        string[] fields = [.. valid.Operation.BodyFields().Select(field => field.Name), "quantity", ""];
        yield return Gen.Select(Gen.OneOf(fields), AnyJson, (field, value) =>
        {
            var body = JsonNode.Parse(valid.Body)!.AsObject();
            body[field] = value?.DeepClone();
            return valid with { Body = JsonSerializer.SerializeToUtf8Bytes(body) };
        });
    }

    /// <summary>What .NET's client sends unchanged: a step of a path is taken before, and so are spaces.</summary>
    private static bool IsSent(string junk, bool isHeader) => junk is not ".."
        && (!isHeader || (junk.Trim() == junk && junk.All(c => c is >= ' ' and <= '~')));
}
