using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Checkout.EndToEnd.Http;

/// <summary>An answer read to its end.</summary>
internal sealed record Answer(int Status, string? ContentType, HttpResponseHeaders Headers, string Text)
{
    private static readonly HttpClient Client = new() { Timeout = TimeSpan.FromSeconds(30) };

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
        if (customer is not null) request.Headers.TryAddWithoutValidation("X-Customer-Id", customer);
        foreach (var (name, value) in more) request.Headers.TryAddWithoutValidation(name, value);
        return SendAsync(request, customer: null);
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
        Assert.NotEmpty(Json.GetProperty("title").GetString()!);
        Assert.NotEmpty(Json.GetProperty("detail").GetString()!);
        Assert.Contains(said, Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private static async Task<Answer> SendAsync(HttpRequestMessage request, string? customer)
    {
        using (request)
        {
            if (customer is not null) request.Headers.TryAddWithoutValidation("X-Customer-Id", customer);
            using var answer = await Client.SendAsync(request, TestContext.Current.CancellationToken);
            return new((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType, answer.Headers,
                await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
    }
}
