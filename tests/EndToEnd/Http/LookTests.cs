using Checkout.EndToEnd.Systems;
using Xunit;

namespace Checkout.EndToEnd.Http;

/// <summary>What can be read of the system through its edges.</summary>
[Collection(SharedSystem.Collection)]
public sealed class LookTests(SharedSystem shared)
{
    private readonly TestSystem _system = shared.System;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_completed_checkout_shows_its_whole_story()
    {
        var customer = await _system.Game.NewAsync(coins: 700);
        var ended = await _system.Game.EndOfAsync(customer,
            await _system.Game.BuyAsync(customer, "gorilla", "k", Cancel));

        Assert.Equal(("completed", null, false, null), (ended.State, ended.Reason, ended.Overdue, ended.WaitingFor));
        Assert.Equal([("CheckoutCreated", "/store/0"), ("BalanceDeducted", "/balance/0"),
            ("AvatarAssigned", "/inventory/0"), ("CheckoutCompleted", "/store/0")],
            ended.Timeline.Select(step => (step.Event, step.Source)));
        Assert.Equal(ended.Timeline.Select(step => step.At).Order(), ended.Timeline.Select(step => step.At));
        Assert.Equal(ended.EndedAt, ended.Timeline[^1].At);
        Assert.Equal(200, await _system.Game.CoinsAsync(customer, Cancel));
        Assert.Equal(["gorilla"], await _system.Game.AvatarsAsync(customer, Cancel));
    }

    [Fact]
    public async Task A_checkout_without_enough_coins_fails_and_takes_none()
    {
        var customer = await _system.Game.NewAsync(coins: 499);
        var ended = await _system.Game.EndOfAsync(customer,
            await _system.Game.BuyAsync(customer, "gorilla", "k", Cancel));

        Assert.Equal(("failed", "INSUFFICIENT_FUNDS"), (ended.State, ended.Reason));
        Assert.Equal(["CheckoutCreated", "DeductionRejected", "CheckoutFailed"],
            ended.Timeline.Select(step => step.Event));
        Assert.Equal(499, await _system.Game.CoinsAsync(customer, Cancel));
        Assert.Empty(await _system.Game.AvatarsAsync(customer, Cancel));
    }

    [Fact]
    public async Task A_customer_nobody_gave_coins_to_is_told_so()
    {
        var customer = Players.NewName();
        var ended = await _system.Game.EndOfAsync(customer,
            await _system.Game.BuyAsync(customer, "gorilla", "k", Cancel));
        Assert.Equal(("failed", "UNKNOWN_ACCOUNT"), (ended.State, ended.Reason));
    }

    [Fact]
    public async Task A_second_avatar_of_the_same_kind_is_refunded()
    {
        var customer = await _system.Game.NewAsync(coins: 1_200);
        await _system.Game.EndOfAsync(customer, await _system.Game.BuyAsync(customer, "gorilla", "first", Cancel));
        var second = await _system.Game.EndOfAsync(customer,
            await _system.Game.BuyAsync(customer, "gorilla", "second", Cancel));

        Assert.Equal(("refunded", "ALREADY_OWNED"), (second.State, second.Reason));
        Assert.Equal(
            ["AssignmentRejected", "BalanceDeducted", "BalanceRefunded", "CheckoutCreated", "CheckoutFailed",
                "CheckoutRefunded"], second.Timeline.Select(step => step.Event).Order());
        Assert.Equal(700, await _system.Game.CoinsAsync(customer, Cancel));
    }

    [Fact]
    public async Task What_is_sold_out_is_refunded()
    {
        var sku = $"rare-{Guid.NewGuid():N}";
        await _system.OfferAsync((sku, 10, 1));
        var luckier = await _system.Game.NewAsync(coins: 10);
        Assert.Equal("completed",
            (await _system.Game.EndOfAsync(luckier, await _system.Game.BuyAsync(luckier, sku, "k", Cancel))).State);
        var customer = await _system.Game.NewAsync(coins: 10);
        var ended = await _system.Game.EndOfAsync(customer, await _system.Game.BuyAsync(customer, sku, "k", Cancel));

        Assert.Equal(("refunded", "SOLD_OUT"), (ended.State, ended.Reason));
        Assert.Equal(10, await _system.Game.CoinsAsync(customer, Cancel));
    }

    [Fact]
    public async Task Another_customers_checkout_is_not_there()
    {
        var posted = await _system.Game.BuyAsync("player-2", "gorilla", Guid.NewGuid().ToString(), Cancel);
        var address = $"{_system.Addresses.Store}/checkouts/{posted.CheckoutId}";
        Assert.Equal(200, (await Answer.GetAsync(address, "player-2")).Status);
        (await Answer.GetAsync(address, "player-1")).AssertProblem(404);
        (await Answer.GetAsync(address)).AssertProblem(401);
    }

    [Theory]
    [InlineData("store", "/checkouts/0199d0b8-0000-7000-8000-000000000000")]
    [InlineData("store", "/checkouts/not-an-id")]
    [InlineData("store", "/nothing/here")]
    [InlineData("balance", "/balances/nobody")]
    [InlineData("balance", "/nothing/here")]
    [InlineData("inventory", "/nothing/here")]
    public async Task What_is_not_there_is_a_problem(string process, string path) =>
        (await Answer.GetAsync(_system.Local.Url(process) + path, "player-2")).AssertProblem(404);

    [Fact]
    public async Task A_method_that_is_not_offered_is_a_problem() =>
        (await Answer.PostAsync($"{_system.Addresses.Store}/packages", "{}", "player-2", key: null)).AssertProblem(405);

    [Theory]
    [InlineData("balance", "/balances/q%2Fr")]
    [InlineData("balance", "/balances/a%252Fb")]
    [InlineData("balance", "/balances/a%20b")]
    [InlineData("balance", "/balances/a%01")]
    [InlineData("inventory", "/customers/q%2Fr/avatars")]
    [InlineData("inventory", "/customers/a%7F/avatars")]
    public async Task An_id_that_no_customer_can_have_is_told_the_rule(string process, string path) =>
        (await Answer.GetAsync(_system.Local.Url(process) + path, "player-2"))
            .AssertProblem(400, "an id is 1 to 128 of");

    [Fact]
    public async Task What_get_answers_head_answers_without_the_body_and_nobody_keeps_it()
    {
        var customer = await _system.Game.NewAsync(coins: 500);
        var posted = await _system.Game.BuyAsync(customer, "gorilla", "k", Cancel);
        foreach (var url in new[] { $"{_system.Addresses.Store}/checkouts/{posted.CheckoutId}",
            $"{_system.Addresses.Store}/packages", $"{_system.Addresses.Balance}/balances/{customer}",
            $"{_system.Addresses.Inventory}/customers/{customer}/avatars", $"{_system.Addresses.Inventory}/stock" })
        {
            var (get, head) = (await Answer.GetAsync(url, customer), await Answer.HeadAsync(url, customer));
            Assert.Equal((200, get.ContentType, ""), (head.Status, head.ContentType, head.Text));
            // The list of packages is kept by clients, and asked about.
            var kept = url.EndsWith("/packages", StringComparison.Ordinal) ? "no-cache" : "no-store";
            Assert.Equal((kept, kept), (get.Header("Cache-Control"), head.Header("Cache-Control")));
        }
    }

    [Fact]
    public async Task Packages_are_listed_with_their_prices_and_rarities()
    {
        var listed = (await Answer.GetAsync($"{_system.Addresses.Store}/packages")).Json.EnumerateArray()
            .ToDictionary(p => p.GetProperty("sku").GetString()!,
                p => (p.GetProperty("name").GetString(), p.GetProperty("priceCoins").GetInt64(),
                    p.GetProperty("rarity").GetString()));
        Assert.Equal(("Gorilla", 500, "common"), listed["gorilla"]);
        Assert.Equal(("Tiger", 50_000, "rare"), listed["tiger"]);
        Assert.Equal(("Palm [ULTRA RARE]", 500_000_000, "ultraRare"), listed["palm"]);
    }

    [Fact]
    public async Task Stock_and_balances_can_be_read()
    {
        Assert.InRange((await _system.Game.StockAsync("gorilla", Cancel))!.Value, 1, 5_000);
        var customer = await _system.Game.NewAsync(coins: 550_000_000);
        var balance = await Answer.GetAsync($"{_system.Addresses.Balance}/balances/{customer}", customer);
        Assert.Equal((customer, 550_000_000),
            (balance.Json.GetProperty("customerId").GetString(), balance.Json.GetProperty("coins").GetInt64()));
    }

    [Fact]
    public async Task A_customer_without_avatars_has_an_empty_list() =>
        Assert.Equal("[]",
            (await Answer.GetAsync($"{_system.Addresses.Inventory}/customers/nobody/avatars", "nobody")).Text);

    [Theory]
    [InlineData("store")]
    [InlineData("balance")]
    [InlineData("inventory")]
    [InlineData("logtailer")]
    public async Task Every_process_says_that_it_lives_and_is_ready(string process)
    {
        Assert.Equal(200, (await Answer.GetAsync($"{_system.Local.Url(process)}/health/live")).Status);
        Assert.Equal(200, (await Answer.GetAsync($"{_system.Local.Url(process)}/health/ready")).Status);
    }

    [Theory]
    [InlineData("store", "messaging_process_duration_seconds_bucket", "db_client_operation_duration_seconds",
        "http_server_request_duration_seconds", "reactor_assigned_partitions")]
    [InlineData("balance", "messaging_process_duration_seconds_bucket", "messaging_client_consumed_messages_total",
        "reactor_held_partitions")]
    [InlineData("inventory", "messaging_process_duration_seconds_bucket", "reactor_batch_size")]
    [InlineData("logtailer", "logtailer")]
    public async Task Every_process_tells_Prometheus_what_it_does(string process, params string[] names)
    {
        var customer = await _system.Game.NewAsync(coins: 500);
        await _system.Game.EndOfAsync(customer, await _system.Game.BuyAsync(customer, "gorilla", "k", Cancel));
        var metrics = await Answer.GetAsAsync("metrics", $"{_system.Local.Url(process)}/metrics");
        Assert.Equal((200, "text/plain"), (metrics.Status, metrics.ContentType));
        Assert.All(names, name => Assert.Contains(name, metrics.Text, StringComparison.Ordinal));
    }
}
