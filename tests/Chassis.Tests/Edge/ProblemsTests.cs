using System.Net;
using System.Text;
using System.Text.Json;
using Checkout.Chassis.Edge;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Tests.Running;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Npgsql;
using Xunit;

namespace Checkout.Chassis.Tests.Edge;

public sealed class ProblemsTests
{
    private sealed record Order(string Sku);

    [Fact]
    public async Task A_request_that_would_make_an_event_too_large_for_kafka_is_answered_with_a_problem_413()
    {
        await using var app = await StartAsync();
        await AssertProblemAsync(await GetAsync(app, "/too-large", "*/*"), 413, "test.Happened",
            ProblemTypes.EventTooLarge);
    }

    [Theory]
    [InlineData("text/html")]
    [InlineData("application/xml")]
    [InlineData("text/html,application/xhtml+xml;q=0.9")]
    [InlineData("application/json")]
    [InlineData("nonsense")]
    public async Task Whatever_a_client_accepts_an_error_is_a_problem(string accept)
    {
        await using var app = await StartAsync();
        await AssertProblemAsync(await GetAsync(app, "/away", accept), 503, "does not answer", ProblemTypes.NotNow);
        await AssertProblemAsync(await GetAsync(app, "/away-said", accept), 503, "Not now, really.",
            ProblemTypes.NotNow);
        await AssertProblemAsync(await GetAsync(app, "/nothing", accept), 404, "Nothing is at this address.",
            ProblemTypes.NotFound);
        await AssertProblemAsync(await GetAsync(app, "/order", accept), 405, "Allow", ProblemTypes.MethodNotAllowed);
        await AssertProblemAsync(await GetAsync(app, "/broken", accept), 500, "a fault of the service",
            ProblemTypes.InternalError);
        await AssertProblemAsync(await GetAsync(app, "/refused", accept), 400, "Because.", ProblemTypes.BadRequest);
    }

    [Fact]
    public async Task A_problem_may_have_members_of_its_own_and_every_status_has_a_type()
    {
        await using var app = await StartAsync();
        using var answer = await GetAsync(app, "/dearer", "*/*");
        var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal(600, problem.GetProperty("priceCoins").GetInt64());
        Assert.All([400, 401, 403, 404, 405, 408, 413, 415, 418, 429, 500, 502, 503],
            status => Assert.Equal(status / 100, ProblemTypes.OfStatus(status).Status / 100));
    }

    [Fact]
    public async Task Not_now_always_says_when_to_come_again()
    {
        await using var app = await StartAsync();
        foreach (var path in new[] { "/away", "/away-said", "/away-bare", "/denied" })
        {
            using var answer = await GetAsync(app, path, "text/html");
            Assert.Equal((503, "1"), ((int)answer.StatusCode, answer.Headers.RetryAfter?.ToString()));
        }
    }

    [Fact]
    public async Task Nothing_that_is_answered_is_kept_by_anybody()
    {
        await using var app = await StartAsync();
        foreach (var path in new[] { "/", "/away", "/nothing", "/refused" })
        {
            using var answer = await GetAsync(app, path, "*/*");
            Assert.True(answer.Headers.CacheControl?.NoStore, path);
        }
    }

    [Fact]
    public async Task What_can_be_read_can_be_asked_for_by_head()
    {
        await using var app = await StartAsync();
        var (get, head) = (await app.SendAsync("GET / HTTP/1.1"), await app.SendAsync("HEAD / HTTP/1.1"));
        Assert.Equal((200, ""), (head.Status, head.Body));
        Assert.Contains("read", get.Body, StringComparison.Ordinal);
        Assert.Equal(get.Headers["Content-Type"], head.Headers["Content-Type"]);
        Assert.Equal((404, ""), (await app.SendAsync("HEAD /nothing HTTP/1.1")) switch { var a => (a.Status, a.Body) });
    }

    [Fact]
    public async Task A_mistake_of_a_client_is_not_logged_as_ours()
    {
        await using var app = await StartAsync();
        using (await GetAsync(app, "/refused", "*/*"))
            Assert.False(app.Lines.Contain("Because."), app.Lines.ToString());
        using (await GetAsync(app, "/broken", "*/*"))
            Assert.True(app.Lines.Contain("Of no concern"), app.Lines.ToString());
    }

    [Theory]
    [InlineData("application/json; charset=x", 415, "charset")]
    [InlineData("application/json; charset=utf-16", 415, "charset")]
    [InlineData("text/plain", 415, "application/json")]
    [InlineData("nonsense", 415, "application/json")]
    [InlineData("application/json; charset=\"UTF-8\"", 200, "gorilla")]
    [InlineData("application/problem+json", 200, "gorilla")]
    public async Task A_body_is_json_in_utf8(string contentType, int status, string said)
    {
        await using var app = await StartAsync();
        using var answer = await PostAsync(app, """{"sku":"gorilla"}"""u8.ToArray(), contentType);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Contains(said, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"sku":"gorilla","quantity":2}""", "quantity is no field")]
    [InlineData("""{"SKU":"gorilla"}""", "SKU is no field")]
    [InlineData("""{"sku":"gorilla","sku":"tiger"}""", "sku stands there twice")]
    [InlineData("{}", "sku is missing")]
    [InlineData("""{"sku":null}""", "sku is null")]
    [InlineData("""{"sku":5}""", "sku is a number")]
    [InlineData("""{"sku":["gorilla"]}""", "sku is an array")]
    [InlineData("""{"sku":"go\ud800rilla"}""", "sku is not Unicode")]
    [InlineData("""{"s\ud800ku":"gorilla"}""", "name is not Unicode")]
    [InlineData("null", "It is null")]
    [InlineData("[]", "It is an array")]
    [InlineData("\"gorilla\"", "It is a text")]
    [InlineData("sku=gorilla", "at line 1, byte 1")]
    [InlineData("{\n\"sku\": gorilla}", "at line 2, byte 8")]
    [InlineData("""{"sku":"gorilla" """, "at line 1")]
    [InlineData("""{"sku":"gorilla"} {}""", "at line 1, byte 19")]
    [InlineData("  ", "at line 1")]
    [InlineData("", "has no body")]
    public async Task A_body_that_is_not_what_is_documented_is_told_the_field_or_the_place(string body, string said)
    {
        await using var app = await StartAsync();
        await AssertProblemAsync(await PostAsync(app, Encoding.UTF8.GetBytes(body)), 400, said);
    }

    [Fact]
    public async Task A_body_of_ten_thousand_levels_or_of_foreign_bytes_is_told_the_place()
    {
        await using var app = await StartAsync();
        var levels = string.Concat(Enumerable.Repeat("[", 10_000));
        await AssertProblemAsync(await PostAsync(app, Encoding.UTF8.GetBytes(levels)), 400, "at line 1, byte 17");
        byte[] foreign = [.. "{\"sku\":\""u8, 0xff, .. "\"}"u8];
        await AssertProblemAsync(await PostAsync(app, foreign), 400, "sku is not Unicode");
        using var marked = await PostAsync(app, [.. Encoding.UTF8.Preamble, .. """{"sku":"gorilla"}"""u8]);
        Assert.Equal(HttpStatusCode.OK, marked.StatusCode);
    }

    [Theory]
    [InlineData(JsonBody.MaxBytes, false, 200)]
    [InlineData(JsonBody.MaxBytes + 1, false, 413)]
    [InlineData(JsonBody.MaxBytes, true, 200)]
    [InlineData(JsonBody.MaxBytes + 1, true, 413)]
    [InlineData(200_000, true, 413)]
    public async Task A_body_above_16_KiB_is_refused_chunked_or_not(int bytes, bool isChunked, int status)
    {
        await using var app = await StartAsync();
        var body = $$"""{"sku":"{{new string('x', bytes - 10)}}"}""";
        using var answer = await PostAsync(app, Encoding.UTF8.GetBytes(body), isChunked: isChunked);
        if (status == 200) Assert.Equal(200, (int)answer.StatusCode);
        else await AssertProblemAsync(answer, status, "16384");
    }

    private static Task<EdgeApp> StartAsync() => EdgeApp.StartAsync(app =>
    {
        app.MapRead("/", () => "read");
        app.MapRead("/too-large", string () =>
            throw new EventTooLargeException("test.Happened", 2_000_000, EventStoreOptions.DefaultMaxEventBytes));
        app.MapRead("/away", string () => throw new NpgsqlException("It is away."));
        // A right that was taken: somebody gives it back, and what is asked for is good.
        app.MapRead("/denied", string () => throw new PostgresException("permission denied for table events", "ERROR",
            "ERROR", PostgresErrorCodes.InsufficientPrivilege));
        app.MapRead("/away-said", () => ProblemTypes.NotNow.With("Not now, really."));
        app.MapRead("/dearer", () => new ProblemType("dearer", 409, "Dearer").With("600.", ("priceCoins", 600)));
        app.MapRead("/away-bare", () => TypedResults.StatusCode(503));
        app.MapRead("/broken", string () => throw new InvalidOperationException("Of no concern to a client."));
        app.MapRead("/refused", string () => throw ProblemTypes.BadRequest.Refused("Because."));
        app.MapPost("/order", async (HttpRequest request) =>
            TypedResults.Ok(await JsonBody.ReadAsync<Order>(request, request.HttpContext.RequestAborted)));
    });

    private static async Task<HttpResponseMessage> GetAsync(EdgeApp app, string path, string accept)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(app.Url, path));
        request.Headers.TryAddWithoutValidation("Accept", accept);
        return await http.SendAsync(request);
    }

    private static async Task<HttpResponseMessage> PostAsync(EdgeApp app, byte[] body,
        string contentType = "application/json", bool isChunked = false)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(app.Url, "/order"));
        // A server that refuses a long body may close the connection before it was sent.
        request.Headers.ExpectContinue = body.Length > JsonBody.MaxBytes;
        request.Headers.TransferEncodingChunked = isChunked;
        request.Content = isChunked ? new StreamContent(new MemoryStream(body)) : new ByteArrayContent(body);
        request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        return await http.SendAsync(request);
    }

    private static async Task AssertProblemAsync(HttpResponseMessage answer, int status, string said,
        ProblemType? type = null)
    {
        using (answer)
        {
            var text = await answer.Content.ReadAsStringAsync();
            Assert.True(status == (int)answer.StatusCode, $"{(int)answer.StatusCode}, not {status}: {text}");
            Assert.Equal("application/problem+json",
                answer.Content.Headers.ContentType?.MediaType);
            var problem = JsonDocument.Parse(text).RootElement;
            Assert.Equal(status, problem.GetProperty("status").GetInt32());
            type ??= ProblemTypes.OfStatus(status) switch
            {
                { Status: 400 } => ProblemTypes.BodyNotUnderstood,
                var other => other,
            };
            Assert.Equal((type.Uri, type.Title),
                (problem.GetProperty("type").GetString(), problem.GetProperty("title").GetString()));
            Assert.NotEmpty(problem.GetProperty("traceId").GetString()!);
            Assert.Contains(said, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
    }
}
