using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Checkout.Local.Traces;

/// <summary>Where a running system's traces are; in its running.json.</summary>
/// <param name="Token">Of whoever keeps them in this program; null where they are in a Jaeger.</param>
public sealed record KeptTraces(string Url, string? Token)
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(10) };

    /// <summary>A page that shows a trace; null where there is none.</summary>
    public string? LinkTo(string? traceId) => Token is null && traceId is not null ? $"{Url}/trace/{traceId}" : null;

    /// <summary>Empty where it is not known (any more, or yet), or nobody answers.</summary>
    public async Task<IReadOnlyList<Span>> OfAsync(string traceId, CancellationToken cancellation)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get,
                Token is null ? $"{Url}/api/traces/{traceId}" : $"{Url}/traces/{traceId}");
            if (Token is not null) request.Headers.Add(LoopbackApp.TokenHeader, Token);
            using var answer = await Http.SendAsync(request, cancellation);
            if (answer.StatusCode == HttpStatusCode.NotFound) return [];
            var text = answer.EnsureSuccessStatusCode().Content;
            return Token is null ? OfJaeger(await text.ReadFromJsonAsync<JsonElement>(cancellation), traceId)
                : (await text.ReadFromJsonAsync<IReadOnlyList<Span>>(cancellation))!;
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or KeyNotFoundException
            or InvalidOperationException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            // Nobody answers in time, or somebody else does: the events are there all the same.
            return [];
        }
    }

    /// <summary>As Jaeger's page asks for it: no documented API, and unchanged for years (seen, 1.76.0).</summary>
    private static List<Span> OfJaeger(JsonElement answer, string traceId)
    {
        var trace = answer.GetProperty("data")[0];
        var services = trace.GetProperty("processes").EnumerateObject()
            .ToDictionary(p => p.Name, p => p.Value.GetProperty("serviceName").GetString()!);
        return [.. trace.GetProperty("spans").EnumerateArray().Select(span => new Span(
            span.GetProperty("spanID").GetString()!,
            span.GetProperty("references").EnumerateArray()
                .Where(reference => reference.GetProperty("traceID").GetString() == traceId
                    && reference.GetProperty("refType").GetString() == "CHILD_OF")
                .Select(reference => reference.GetProperty("spanID").GetString()).FirstOrDefault(),
            services[span.GetProperty("processID").GetString()!],
            span.GetProperty("operationName").GetString()!,
            DateTime.UnixEpoch.AddMicroseconds(span.GetProperty("startTime").GetInt64()),
            TimeSpan.FromMicroseconds(span.GetProperty("duration").GetInt64()),
            span.GetProperty("tags").EnumerateArray().GroupBy(tag => tag.GetProperty("key").GetString()!)
                .ToDictionary(tags => tags.Key, tags => Convert.ToString(tags.First().GetProperty("value"),
                    CultureInfo.InvariantCulture)!)))];
    }
}
