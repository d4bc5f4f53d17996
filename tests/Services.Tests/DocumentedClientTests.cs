using System.Net;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Checkout.Services.Tests;

/// <summary>The client that docs/clients.md shows to those who write a game's: it stands here, and is run.</summary>
public sealed class DocumentedClientTests
{
    private const string Ended = """{"state":"completed"}""";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void The_document_shows_the_code_that_is_run_here()
    {
        var document = File.ReadAllText(Path.Combine(Folder(), "..", "..", "docs", "clients.md"));
        // There it may as well be a local function.
        var code = document.Split("```csharp\n")[1].Split("```")[0]
            .Replace("static async", "private static async", StringComparison.Ordinal);
        var indented = string.Join('\n', code.Split('\n').Select(line => line.Length == 0 ? "" : $"    {line}"));
        Assert.Contains(indented, File.ReadAllText(Path.Combine(Folder(), "DocumentedClientTests.cs")),
            StringComparison.Ordinal);
    }

    /// <summary>What a proxy on the way says is no JSON, and no answer of the store's.</summary>
    [Theory]
    [InlineData(502, "<html>Bad gateway</html>")]
    [InlineData(503, "")]
    [InlineData(504, "upstream request timeout")]
    [InlineData(408, "")]
    [InlineData(429, """{"title":"Too many requests"}""")]
    [InlineData(200, "cut")]
    [InlineData(200, "<html>Sign in to this network</html>")]
    [InlineData(0, "nobody is there")]
    public async Task What_may_have_happened_is_sent_again_under_the_same_key(int status, string body)
    {
        var store = new Scripted([(status, body), (status, body), (200, Ended)]);
        using var http = new HttpClient(store) { BaseAddress = new("http://store") };
        var bought = await BuyAsync(http, "gorilla", "k", Cancel);
        Assert.Equal("completed", bought.GetProperty("state").GetString());
        Assert.Equal(["\"k\"", "\"k\"", "\"k\""], store.Keys);
    }

    [Theory]
    [InlineData(422, """{"detail":"gorilla is not sold now."}""", "not sold")]
    [InlineData(400, "", "400")]
    public async Task What_the_client_has_to_mend_is_told_and_not_sent_again(int status, string body, string told)
    {
        var store = new Scripted([(status, body)]);
        using var http = new HttpClient(store) { BaseAddress = new("http://store") };
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => BuyAsync(http, "gorilla", "k", Cancel));
        Assert.Contains(told, refused.Message, StringComparison.Ordinal);
        Assert.Single(store.Keys);
    }

    /// <param name="store">Its handler puts a token on each request, a new one before the last has ended.</param>
    /// <param name="key">Made when the player pressed the button; kept until this returns.</param>
    private static async Task<JsonElement> BuyAsync(HttpClient store, string sku, string key, CancellationToken stop)
    {
        for (var pause = TimeSpan.FromMilliseconds(200); ; pause *= 2)
        {
            TimeSpan? later = null;
            try
            {
                using var post = new HttpRequestMessage(HttpMethod.Post, "/checkouts")
                {
                    Content = JsonContent.Create(new { sku }),
                    Headers = { { "Idempotency-Key", $"\"{key}\"" }, { "Prefer", "wait=5" } },
                };
                using var answer = await store.SendAsync(post, stop);
                if (answer.IsSuccessStatusCode) return await answer.Content.ReadFromJsonAsync<JsonElement>(stop);
                // Whoever says so, the store or a proxy on the way, whose words are no JSON.
                if ((int)answer.StatusCode is not (408 or 429 or >= 500))
                    throw new InvalidOperationException(
                        $"{(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(stop)}");
                later = answer.Headers.RetryAfter?.Delta;
            }
            catch (Exception e) when (e is HttpRequestException or IOException or JsonException
                || (e is OperationCanceledException && !stop.IsCancellationRequested))
            {
                // No answer is no answer: it may have been written, and the same key tells.
            }
            // Not all at once, after a time when nobody was answered.
            await Task.Delay((later ?? pause) + TimeSpan.FromMilliseconds(Random.Shared.Next(200)), stop);
            if (pause > TimeSpan.FromSeconds(10)) pause = TimeSpan.FromSeconds(5);
        }
    }

    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    /// <summary>Answers as it is told, in turn.</summary>
    private sealed class Scripted(IReadOnlyList<(int Status, string Body)> answers) : HttpMessageHandler
    {
        public List<string> Keys { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request,
            CancellationToken cancellationToken)
        {
            Keys.Add(Assert.Single(request.Headers.GetValues("Idempotency-Key")));
            var (status, body) = answers[Keys.Count - 1];
            if (status == 0) throw new HttpRequestException(body);
            return Task.FromResult(new HttpResponseMessage((HttpStatusCode)status)
            {
                Content = body == "cut" ? new StreamContent(new Cut())
                    : new StringContent(body, Encoding.UTF8, "application/json"),
            });
        }
    }

    /// <summary>A body whose connection breaks.</summary>
    private sealed class Cut : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            throw new IOException("The connection is gone.");
    }
}
