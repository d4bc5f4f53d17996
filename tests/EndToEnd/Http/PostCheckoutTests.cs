using System.Net.Sockets;
using System.Text;
using Checkout.EndToEnd.Systems;
using Xunit;

namespace Checkout.EndToEnd.Http;

[Collection(SharedSystem.Collection)]
public sealed class PostCheckoutTests(SharedSystem shared)
{
    private const string Gorilla = """{"sku":"gorilla"}""";

    private readonly TestSystem _system = shared.System;

    private string Token => Answer.TokenOf(_system.Addresses.Store, "player-2");

    private string Checkouts => $"{_system.Addresses.Store}/checkouts";

    private Task<Answer> PostAsync(string? body = Gorilla, string? customer = "player-2", string? key = null,
        string contentType = "application/json") =>
        Answer.PostAsync(Checkouts, body, customer, key ?? $"\"{Guid.NewGuid()}\"", contentType);

    [Fact]
    public async Task A_post_is_accepted_with_its_place_its_trace_and_what_is_to_come()
    {
        var answer = await PostAsync();

        Assert.Equal(202, answer.Status);
        Assert.Equal("application/json", answer.ContentType);
        var id = answer.Json.GetProperty("checkoutId").GetGuid();
        Assert.Equal($"/checkouts/{id}", answer.Header("Location"));
        Assert.Matches("^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$", answer.Header("traceresponse"));
        Assert.Equal(answer.Json.GetProperty("traceId").GetString(), answer.Header("traceresponse")!.Split('-')[1]);
        Assert.Equal(("gorilla", 500, "pending", false),
            (answer.Json.GetProperty("sku").GetString(), answer.Json.GetProperty("priceCoins").GetInt64(),
            answer.Json.GetProperty("state").GetString(), answer.Json.GetProperty("overdue").GetBoolean()));
        var seconds = (answer.Json.GetProperty("expiresAt").GetDateTime() - answer.Json.GetProperty("createdAt")
            .GetDateTime()).TotalSeconds;
        Assert.InRange(seconds, 290, 300);
        Assert.StartsWith("Balance", answer.Json.GetProperty("waitingFor").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_answer_to_the_post_and_a_later_look_tell_it_alike()
    {
        var posted = await PostAsync();
        var seen = await Answer.GetAsync($"{_system.Addresses.Store}{posted.Header("Location")}", "player-2");
        Assert.Equal(posted.Json.GetProperty("timeline")[0].GetRawText(),
            seen.Json.GetProperty("timeline")[0].GetRawText());
        Assert.All(["checkoutId", "sku", "priceCoins", "createdAt", "expiresAt", "traceId"],
            member =>
                Assert.Equal(posted.Json.GetProperty(member).GetRawText(), seen.Json.GetProperty(member).GetRawText()));
    }

    [Fact]
    public async Task A_post_with_a_trace_goes_on_in_that_trace()
    {
        var answer = await Answer.PostAsync(Checkouts, Gorilla, "player-2", $"\"{Guid.NewGuid()}\"",
            traceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        Assert.Equal("0af7651916cd43dd8448eb211c80319c", answer.Json.GetProperty("traceId").GetString());
    }

    [Fact]
    public async Task A_second_post_with_the_same_key_is_the_same_checkout()
    {
        var key = Guid.NewGuid().ToString();
        var first = await PostAsync(key: $"\"{key}\"");
        var second = await PostAsync(key: $"\"{key}\"");
        var bare = await PostAsync("""{ "sku" : "gorilla" }""", key: key);

        Assert.Equal((202, 202, 202), (first.Status, second.Status, bare.Status));
        Assert.Equal(first.Header("Location"), second.Header("Location"));
        Assert.Equal(first.Header("Location"), bare.Header("Location"));
        Assert.Equal(first.Header("traceresponse"), second.Header("traceresponse"));
        Assert.Equal((null, "true", "true"), (first.Header("Idempotency-Replayed"),
            second.Header("Idempotency-Replayed"), bare.Header("Idempotency-Replayed")));
        Assert.Equal(("no-store", "no-store"), (first.Header("Cache-Control"), second.Header("Cache-Control")));
    }

    [Fact]
    public async Task Fifty_equal_posts_at_once_are_one_checkout()
    {
        var customer = await _system.Game.NewAsync(coins: 500);
        var answers = await Task.WhenAll(Enumerable.Range(0, 50)
            .Select(_ => PostAsync(customer: customer, key: "\"once\"")));

        Assert.All(answers, a => Assert.Equal(202, a.Status));
        Assert.Single(answers.Select(a => a.Header("Location")).Distinct());
        Assert.Single(answers, a => a.Header("Idempotency-Replayed") is null);
        Assert.Single(answers.Select(a => a.Header("traceresponse")).Distinct());
        var ended = await _system.Game.EndOfAsync(customer, answers[0].Json.GetProperty("checkoutId").GetGuid(),
            Players.Patience, TestContext.Current.CancellationToken);
        Assert.Equal("completed", ended.State);
        Assert.Equal(0, await _system.Game.CoinsAsync(customer, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Of_posts_at_once_with_one_key_and_two_bodies_one_body_wins()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 20)
            .Select(i => PostAsync(i % 2 == 0 ? Gorilla : """{"sku":"tiger"}""", "player-2", "\"two-bodies\"")));

        Assert.Single(answers.Where(a => a.Status == 202).Select(a => a.Header("Location")).Distinct());
        Assert.Equal(10, answers.Count(a => a.Status == 202));
        Assert.All(answers.Where(a => a.Status != 202), a => a.AssertProblem(422));
    }

    [Fact]
    public async Task The_same_key_with_another_body_is_refused()
    {
        var key = $"\"{Guid.NewGuid()}\"";
        await PostAsync(key: key);
        (await PostAsync("""{"sku":"tiger"}""", key: key)).AssertProblem(422);
    }

    [Fact]
    public async Task The_same_key_of_another_customer_is_another_checkout()
    {
        var key = $"\"{Guid.NewGuid()}\"";
        Assert.NotEqual((await PostAsync(key: key)).Header("Location"),
            (await PostAsync(key: key, customer: "player-1")).Header("Location"));
    }

    [Fact]
    public async Task A_key_is_good_again_once_the_package_that_was_unknown_is_on_sale()
    {
        var (key, sku) = ($"\"{Guid.NewGuid()}\"", $"late-{Guid.NewGuid():N}");
        (await PostAsync($$"""{"sku":"{{sku}}"}""", key: key)).AssertProblem(422);
        await _system.OfferAsync((sku, 1, 1));
        Assert.Equal(202, (await PostAsync($$"""{"sku":"{{sku}}"}""", key: key)).Status);
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("\"\"")]
    [InlineData(null)]
    public async Task A_post_without_a_key_is_refused(string? key) =>
        (await Answer.PostAsync(Checkouts, Gorilla, "player-2", key)).AssertProblem(400);

    [Theory]
    [InlineData("\"abc", "closing quote")]
    [InlineData("\"\\\"", "closing quote")]
    [InlineData("\"a\";p=1", "no parameters")]
    [InlineData("\" \"", "nothing in it")]
    [InlineData("\"a\u0001\"", "U+0001")]
    [InlineData("a\u007f", "U+007F")]
    [InlineData("a,b", "U+002C")]
    public async Task A_key_that_is_not_well_formed_is_refused_and_told_why(string key, string why) =>
        (await PostAsync(key: key)).AssertProblem(400, why);

    [Fact]
    public async Task A_key_that_is_too_long_is_refused_and_not_called_missing() =>
        (await PostAsync(key: $"\"{new string('k', 201)}\"")).AssertProblem(400, "too long: 201");

    /// <summary>As bytes: a client of .NET joins two headers of a name into one.</summary>
    [Theory]
    [InlineData("Authorization")]
    [InlineData("Idempotency-Key")]
    public async Task A_header_that_says_who_asks_or_under_which_key_may_come_once(string header)
    {
        var store = new Uri(_system.Addresses.Store);
        using var client = new TcpClient(store.Host, store.Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /checkouts HTTP/1.1\r\nHost: {store.Authority}\r\nConnection: close\r\n"
            + $"Authorization: Bearer {Token}\r\nIdempotency-Key: k\r\n{header}: Bearer {Token}\r\n"
            + "Content-Type: application/json\r\n"
            + $"Content-Length: {Gorilla.Length}\r\n\r\n{Gorilla}"), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream);
        var answer = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Contains($"The header {header} came 2 times; send it once.", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_post_without_a_token_is_refused_and_told_how_to_send_one()
    {
        var answer = await PostAsync(customer: null);
        answer.AssertProblem(401, "Authorization: Bearer");
        Assert.Equal("Bearer", answer.Header("WWW-Authenticate"));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("player-2,player-1")]
    [InlineData("somebody@example.com")]
    [InlineData("first last")]
    [InlineData("q/r")]
    [InlineData("q%2Fr")]
    [InlineData("..")]
    [InlineData("a\u0001")]
    [InlineData("a\u007f")]
    public async Task A_token_of_somebody_who_can_be_no_customer_is_refused(string customer) =>
        (await PostAsync(customer: customer)).AssertProblem(403, "The token's sub");

    [Fact]
    public async Task A_customer_id_that_is_too_long_is_refused() =>
        (await PostAsync(customer: new string('c', 129))).AssertProblem(403);

    [Theory]
    [InlineData("""{"sku":"unicorn"}""", 422)]
    [InlineData("""{"sku":""}""", 400)]
    [InlineData("""{"sku":null}""", 400)]
    [InlineData("""{"sku":5}""", 400)]
    [InlineData("""{"sku":"gorilla","quantity":2}""", 400)]
    [InlineData("""{"SKU":"gorilla","priceCoins":1}""", 400)]
    [InlineData("""{"sku":"gorilla","sku":"tiger"}""", 400)]
    [InlineData("""{}""", 400)]
    [InlineData("""[]""", 400)]
    [InlineData("""null""", 400)]
    [InlineData("""{"sku":"gorilla" """, 400)]
    [InlineData("""{"sku":"go\u0000rilla"}""", 400)]
    [InlineData("""{"sku":"go\ud800rilla"}""", 400)]
    [InlineData("", 400)]
    [InlineData(null, 400)]
    public async Task A_body_that_is_not_a_checkout_is_a_problem(string? body, int status) =>
        (await PostAsync(body)).AssertProblem(status);

    [Theory]
    [InlineData("""{"sku":"gorilla","quantity":2}""", "quantity is no field")]
    [InlineData("""{"Sku":"gorilla"}""", "Sku is no field")]
    [InlineData("sku=gorilla", "line 1, byte 1")]
    [InlineData("null", "It is null")]
    [InlineData("[]", "It is an array")]
    public async Task It_is_told_the_field_or_the_place(string body, string said) =>
        (await PostAsync(body)).AssertProblem(400, said);

    [Fact]
    public async Task Ten_thousand_levels_are_told_the_place() =>
        (await PostAsync(new string('[', 10_000))).AssertProblem(400, "line 1");

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/json; charset=x")]
    public async Task Another_content_type_is_a_problem(string contentType) =>
        (await PostAsync(contentType: contentType)).AssertProblem(415);

    [Theory]
    [InlineData(20_000)]
    [InlineData(40_000_000)]
    public async Task A_body_that_is_too_large_is_a_problem(int length) =>
        (await PostAsync($$"""{"sku":"{{new string('x', length)}}"}""")).AssertProblem(413, "16384");

    [Fact]
    public async Task Large_bodies_that_are_sent_whatever_is_answered_take_no_memory()
    {
        const int bodyBytes = 29_000_000;
        var before = ResidentBytes();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => Pour(isChunked: i % 2 == 0))));
        Assert.InRange(ResidentBytes() - before, long.MinValue, 100_000_000);
        Assert.Equal(202, (await PostAsync()).Status);

        void Pour(bool isChunked)
        {
            var store = new Uri(_system.Addresses.Store);
            using var client = new TcpClient(store.Host, store.Port);
            var length = isChunked ? "Transfer-Encoding: chunked" : $"Content-Length: {bodyBytes}";
            var piece = (isChunked ? "10000\r\n" : "") + new string(' ', 0x10000) + (isChunked ? "\r\n" : "");
            try
            {
                using var stream = client.GetStream();
                stream.Write(Encoding.ASCII.GetBytes(
                    $"POST /checkouts HTTP/1.1\r\nHost: {store.Authority}\r\n"
                    + $"Authorization: Bearer {Token}\r\nIdempotency-Key: k\r\n"
                    + $"Content-Type: application/json\r\n{length}\r\n\r\n"));
                for (var sent = 0; sent < bodyBytes; sent += piece.Length) stream.Write(Encoding.ASCII.GetBytes(piece));
            }
            catch (IOException)
            {
                // The server has heard enough.
            }
        }

        long ResidentBytes()
        {
            using var process = System.Diagnostics.Process.GetProcessById(_system["store"].Pid!.Value);
            return process.WorkingSet64;
        }
    }

    [Theory]
    [InlineData("text/html")]
    [InlineData("application/xml")]
    public async Task Whatever_is_accepted_a_refusal_is_a_problem(string accept)
    {
        (await Answer.PostAsync(Checkouts, "[]", "player-2", "k", more: [new("Accept", accept)])).AssertProblem(400);
        (await Answer.PostAsync(Checkouts, Gorilla, null, "k", more: [new("Accept", accept)])).AssertProblem(401);
    }
}
