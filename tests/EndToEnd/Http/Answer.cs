using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Checkout.Chassis.Identity;
using Xunit;

namespace Checkout.EndToEnd.Http;

/// <summary>An answer read to its end.</summary>
internal sealed record Answer(int Status, string? ContentType, HttpResponseHeaders Headers, string Text)
{
    private static readonly HttpClient Client = new() { Timeout = TimeSpan.FromSeconds(30) };

    /// <summary>The systems of this test run, by scheme, host and port of their processes.</summary>
    private static readonly ConcurrentDictionary<string, DevelopmentTokens> Systems = new();

    /// <summary>From now on its customers have tokens.</summary>
    public static void Knows(DevelopmentTokens tokens, params IEnumerable<string> urls)
    {
        foreach (var url in urls) Systems[new Uri(url).GetLeftPart(UriPartial.Authority)] = tokens;
    }

    /// <summary>A token that the process at this address takes.</summary>
    public static string TokenOf(string url, string customer, string? scope = null) =>
        Systems[new Uri(url).GetLeftPart(UriPartial.Authority)].For(customer, DateTime.UtcNow, scope);

    /// <summary>Asked by somebody with a right beyond their own.</summary>
    public static Task<Answer> GetAsAsync(string scope, string url, string who = "someone") => SendAsync(
        new(HttpMethod.Get, url) { Headers = { Authorization = new("Bearer", TokenOf(url, who, scope)) } }, null);

    public JsonElement Json => JsonDocument.Parse(Text).RootElement;

    public string? Header(string name) => Headers.TryGetValues(name, out var values) ? string.Join(',', values) : null;

    public static Task<Answer> GetAsync(string url, string? customer = null) =>
        SendAsync(new(HttpMethod.Get, url), customer);

    public static Task<Answer> HeadAsync(string url, string? customer = null) =>
        SendAsync(new(HttpMethod.Head, url), customer);

    /// <param name="body">Sent as it is.</param>
    public static Task<Answer> PostAsync(string url, string? body, string? customer, string? key,
        string contentType = "application/json", string? traceParent = null,
        params IEnumerable<KeyValuePair<string, string>> more)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, url);
        if (body is not null)
        {
            // A server that refuses a long body may close the connection before it was sent.
            request.Headers.ExpectContinue = body.Length > 16_384;
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }
        if (key is not null) request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        if (traceParent is not null) request.Headers.Add("traceparent", traceParent);
        foreach (var (name, value) in more) request.Headers.TryAddWithoutValidation(name, value);
        return SendAsync(request, customer);
    }

    /// <summary>
    /// RFC 9457: a problem has its own content type, and its members say the status again and what it is.
    /// </summary>
    /// <param name="said">A part of its sentence.</param>
    public void AssertProblem(int status, string said = "")
    {
        Assert.True(Status == status, $"{Status}, not {status}: {Text}");
        Assert.Equal("application/problem+json", ContentType);
        Assert.Equal(status, Json.GetProperty("status").GetInt32());
        Assert.StartsWith("https://avatarstore.example/problems/", Json.GetProperty("type").GetString(),
            StringComparison.Ordinal);
        Assert.NotEmpty(Json.GetProperty("title").GetString()!);
        Assert.NotEmpty(Json.GetProperty("detail").GetString()!);
        Assert.Contains(said, Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    public static async Task<Answer> SendAsync(HttpRequestMessage request, string? customer)
    {
        using (request)
        {
            if (customer is not null && !request.Headers.Contains("Authorization"))
                request.Headers.Authorization = new("Bearer", TokenOf(request.RequestUri!.ToString(), customer));
            using var answer = await Client.SendAsync(request, TestContext.Current.CancellationToken);
            return new((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType, answer.Headers,
                await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
    }
}
