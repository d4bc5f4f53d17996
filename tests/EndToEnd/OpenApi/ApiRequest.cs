using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Checkout.EndToEnd.OpenApi;

/// <summary>What a generated request is to the document.</summary>
internal enum Fit
{
    /// <summary>All of it fits.</summary>
    Valid,

    /// <summary>Something does not, and it is to be refused.</summary>
    Broken,
}

/// <summary>Who asks.</summary>
/// <param name="Header">Authorization, as it is sent; null for the customer's token.</param>
/// <param name="Scope">Of the token; null for none.</param>
internal sealed record Asker(string Customer, bool IsSigned, string? Header = null, string? Scope = null);

/// <param name="Parameters">As they are sent, by name; a name twice is sent twice.</param>
/// <param name="Body">Null for none.</param>
internal sealed partial record ApiRequest(ApiOperation Operation, Asker Asker,
    IReadOnlyList<(string Name, string Value)> Parameters, byte[]? Body, string? ContentType)
{
    private static readonly HttpClient Client = new() { Timeout = TimeSpan.FromSeconds(30) };

    [GeneratedRegex(@"^-?(0|[1-9][0-9]*)$")]
    private static partial Regex Whole();

    /// <summary>By the document alone.</summary>
    public Fit Fit =>
        (!Operation.NeedsToken || Asker.IsSigned) && Operation.Parameters.All(IsRight) && IsBodyRight
            ? Fit.Valid : Fit.Broken;

    public override string ToString() => $"{Operation} {string.Join(", ", Parameters)} by {Asker}, {ContentType}: "
        + (Body is null ? "no body" : Encoding.UTF8.GetString(Body.AsSpan(0, Math.Min(Body.Length, 300))));

    public async Task<ApiAnswer> SendAsync(string url, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(new(Operation.Method), url + PathAndQuery());
        var token = Asker.Header ?? $"Bearer {Http.Answer.TokenOf(url, Asker.Customer, Asker.Scope)}";
        if (token.Length > 0) request.Headers.TryAddWithoutValidation("Authorization", token);
        foreach (var (name, value) in Sent("header")) request.Headers.TryAddWithoutValidation(name, value);
        if (Body is not null)
        {
            request.Content = new ByteArrayContent(Body);
            if (ContentType is not null)
                request.Content.Headers.TryAddWithoutValidation("Content-Type", ContentType);
        }
        using var answer = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        var type = answer.Content.Headers.ContentType?.MediaType;
        // A stream lasts as long as its checkout; that it began is enough here.
        var text = type == "text/event-stream" ? "" : await answer.Content.ReadAsStringAsync(cancellation);
        return new((int)answer.StatusCode, type, Headers(answer.Headers), text);
    }

    private static Dictionary<string, string> Headers(HttpResponseHeaders headers) =>
        headers.ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase);

    private string PathAndQuery()
    {
        var path = Sent("path").Aggregate(Operation.Path, (path, sent) =>
            path.Replace($"{{{sent.Name}}}", Uri.EscapeDataString(sent.Value), StringComparison.Ordinal));
        var query = string.Join('&', Sent("query").Select(q => $"{q.Name}={Uri.EscapeDataString(q.Value)}"));
        return query.Length == 0 ? path : $"{path}?{query}";
    }

    private IEnumerable<(string Name, string Value)> Sent(string where) => Parameters.Where(sent =>
        Operation.Parameters.Any(p => (string)p["name"]! == sent.Name && (string)p["in"]! == where));

    private bool IsRight(JsonObject parameter)
    {
        var sent = Parameters.Where(p => p.Name == (string)parameter["name"]!).ToList();
        return sent.Count switch
        {
            0 => !(bool)parameter["required"]!,
            1 => Operation.Contract.Fits(parameter["schema"]!, Read(sent[0].Value, parameter["schema"]!)),
            _ => false,
        };
    }

    private static JsonElement Read(string sent, JsonNode schema) =>
        (string)schema["type"]! == "integer" && Whole().IsMatch(sent) ? JsonDocument.Parse(sent).RootElement
            : JsonSerializer.SerializeToElement(sent);

    private bool IsBodyRight
    {
        get
        {
            if (Operation.Body is null) return true;
            if (Body is null || ContentType is not ("application/json" or "application/json; charset=utf-8"))
                return false;
            try
            {
                var options = new JsonDocumentOptions { AllowDuplicateProperties = false };
                return Operation.Contract.Fits(Operation.Body, JsonDocument.Parse(Body, options).RootElement);
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                // No JSON, or half of a surrogate pair in it.
                return false;
            }
        }
    }
}
