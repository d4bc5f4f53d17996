using Checkout.EndToEnd.Systems;
using Xunit;

namespace Checkout.EndToEnd.Http;

/// <summary>The customer's own checkouts, page by page.</summary>
[Collection(SharedSystem.Collection)]
public sealed class ListTests(SharedSystem shared)
{
    private readonly TestSystem _system = shared.System;

    private string Checkouts => $"{_system.Addresses.Store}/checkouts";

    [Fact]
    public async Task Ones_own_checkouts_are_listed_newest_first_and_paged_by_what_the_page_before_said()
    {
        var customer = $"lists-{Guid.NewGuid():N}";
        var posted = new List<string>();
        for (var i = 0; i < 5; i++)
            posted.Insert(0, (await PostAsync(customer)).Json.GetProperty("checkoutId").GetString()!);
        await PostAsync($"other-{Guid.NewGuid():N}");

        var seen = new List<string>();
        for (var next = $"{Checkouts}?limit=2"; next is not null;)
        {
            var page = await Answer.GetAsync(next, customer);
            Assert.Equal((200, "no-store"), (page.Status, page.Header("Cache-Control")));
            seen.AddRange(page.Json.GetProperty("checkouts").EnumerateArray()
                .Select(checkout => checkout.GetProperty("checkoutId").GetString()!));
            next = page.Json.GetProperty("next").GetString() is { } cursor
                ? $"{Checkouts}?limit=2&cursor={cursor}" : null;
            Assert.Equal(next is null ? null : $"<{new Uri(next).PathAndQuery}>; rel=\"next\"", page.Header("Link"));
        }
        Assert.Equal(posted, seen);
        Assert.Equal(posted, (await Answer.GetAsync(Checkouts, customer)).Json.GetProperty("checkouts")
            .EnumerateArray().Select(checkout => checkout.GetProperty("checkoutId").GetString()));
    }

    [Theory]
    [InlineData("cursor=")]
    [InlineData("cursor=7")]
    [InlineData("cursor=AAAAAAAAAAAAAAAAAAAAAB")]
    [InlineData("cursor=AAAAAAAAAAAAAAAAAAAAAA%3D%3D")]
    [InlineData("cursor=AAAAAAAAAAAAAAAAAAAAAA&cursor=AAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("cursor=%00AAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("limit=0")]
    [InlineData("limit=101")]
    public async Task A_cursor_that_was_not_given_and_a_limit_out_of_bounds_are_refused(string query) =>
        (await Answer.GetAsync($"{Checkouts}?{query}", "player-2")).AssertProblem(400, "The parameter ");

    [Fact]
    public async Task Nobody_is_shown_a_list_without_a_token() =>
        (await Answer.GetAsync(Checkouts)).AssertProblem(401);

    private Task<Answer> PostAsync(string customer) =>
        Answer.PostAsync(Checkouts, """{"sku":"gorilla"}""", customer, Guid.NewGuid().ToString());
}
