using Checkout.EndToEnd.Systems;
using Xunit;

namespace Checkout.EndToEnd.Http;

[Collection(SharedSystem.Collection)]
public sealed class PostCheckoutTests(SharedSystem shared)
{
    private const string Gorilla = """{"sku":"gorilla"}""";

    private readonly TestSystem _system = shared.System;

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
    }

    [Fact]
    public async Task Fifty_equal_posts_at_once_are_one_checkout()
    {
        var customer = await _system.Game.NewAsync(coins: 500);
        var answers = await Task.WhenAll(Enumerable.Range(0, 50)
            .Select(_ => PostAsync(customer: customer, key: "\"once\"")));

        Assert.All(answers, a => Assert.Equal(202, a.Status));
        Assert.Single(answers.Select(a => a.Header("Location")).Distinct());
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

    [Fact]
    public async Task A_key_that_is_too_long_is_refused() =>
        (await PostAsync(key: $"\"{new string('k', 201)}\"")).AssertProblem(400);

    [Theory]
    [InlineData(null)]
    [InlineData(" ")]
    [InlineData("somebody@example.com")]
    [InlineData("first last")]
    public async Task A_post_that_does_not_say_whose_it_is_is_refused(string? customer) =>
        (await PostAsync(customer: customer)).AssertProblem(401);

    [Fact]
    public async Task A_customer_id_that_is_too_long_is_refused() =>
        (await PostAsync(customer: new string('c', 129))).AssertProblem(401);

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
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task Another_content_type_is_a_problem(string contentType) =>
        (await PostAsync(contentType: contentType)).AssertProblem(415);

    [Fact]
    public async Task A_body_that_is_too_large_is_a_problem() =>
        (await PostAsync($$"""{"sku":"{{new string('x', 40_000_000)}}"}""")).AssertProblem(413);
}
