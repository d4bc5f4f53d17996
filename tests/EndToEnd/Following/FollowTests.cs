using System.Diagnostics;
using System.Net;
using Checkout.EndToEnd.Http;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Checkout.Local.Demo;
using Xunit;

namespace Checkout.EndToEnd.Following;

/// <summary>
/// Two processes of each service: which of Store's handles what happens to a checkout is nothing that a client knows.
/// </summary>
public sealed class TwoStores : IAsyncLifetime
{
    private const string Heartbeat = "Checkouts__Heartbeat";

    private readonly TestFolder _folder = new("following");
    private TestSystem? _system;

    public TestSystem System => _system!;

    public string[] Urls => [System.Addresses.Store, System.Local.Url("store-2")];

    /// <summary>
    /// The first Store looks by itself every five minutes, which no test waits for: there what comes came by its event.
    /// The second one does every second.
    /// </summary>
    public async ValueTask InitializeAsync()
    {
        _system = await TestSystem.StartAsync("following", TestSystem.Options(_folder) with
        {
            InMemoryBroker = true,
            Instances = 2,
            Environment = new Dictionary<string, string?> { [Heartbeat] = "00:05:00" },
        });
        var second = _system["store-2"];
        await second.StopAsync();
        second.More = new Dictionary<string, string?> { [Heartbeat] = "00:00:01" };
        await second.StartAsync();
        await second.ReadyAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_system is not null) await _system.DisposeAsync();
        _folder.Dispose();
    }
}

/// <summary>A client learns what becomes of its checkout when it happens, without asking again and again.</summary>
public sealed class FollowTests(TwoStores stores) : IClassFixture<TwoStores>
{
    private readonly TestSystem _system = stores.System;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_post_that_prefers_to_wait_is_answered_when_its_checkout_has_ended()
    {
        foreach (var store in stores.Urls)
        {
            var customer = await _system.Game.NewAsync(coins: 500);
            var answer = await PostAsync(store, customer, "k", "respond-async, wait=20");
            Assert.Equal((200, "wait=20"), (answer.Status, answer.Header("Preference-Applied")));
            Assert.Equal("completed", answer.Json.GetProperty("state").GetString());
            Assert.Equal(4, answer.Json.GetProperty("timeline").GetArrayLength());
            var id = answer.Json.GetProperty("checkoutId").GetGuid();
            Assert.Equal($"/checkouts/{id}", answer.Header("Location"));

            var again = await PostAsync(store, customer, "k", "wait=20");
            Assert.Equal((200, "true"), (again.Status, again.Header("Idempotency-Replayed")));
            Assert.Equal(answer.Text, again.Text);
        }
    }

    [Fact]
    public async Task Two_posts_of_one_key_at_once_at_two_instances_are_one_checkout_and_both_get_it()
    {
        const int rounds = 20;
        var customer = await _system.Game.NewAsync(coins: 500);
        for (var round = 0; round < rounds; round++)
        {
            var key = $"k{round}";
            var answers = await Task.WhenAll(stores.Urls.Select(url => Answer.PostAsync($"{url}/checkouts",
                """{"sku":"gorilla"}""", customer, key)));
            Assert.All(answers, answer => Assert.Equal(202, answer.Status));
            Assert.Single(answers.Select(answer => answer.Header("Location")).Distinct());
            Assert.Single(answers, answer => answer.Header("Idempotency-Replayed") == "true");
        }
        var listed = await Answer.GetAsync($"{stores.Urls[0]}/checkouts?limit=100", customer);
        Assert.Equal(rounds, listed.Json.GetProperty("checkouts").GetArrayLength());
    }

    [Fact]
    public async Task What_can_not_be_waited_for_is_answered_as_it_is_when_the_time_is_up()
    {
        var customer = await _system.Game.NewAsync(coins: 500);
        await WithoutInventoryAsync(async () =>
        {
            var clock = Stopwatch.StartNew();
            var posted = await PostAsync(stores.Urls[0], customer, "k", "wait=1");
            Assert.InRange(clock.Elapsed, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
            Assert.Equal((202, "wait=1"), (posted.Status, posted.Header("Preference-Applied")));
            Assert.Equal("funded", posted.Json.GetProperty("state").GetString());

            var id = posted.Json.GetProperty("checkoutId").GetGuid();
            clock.Restart();
            var looked = await Answer.GetAsync($"{stores.Urls[1]}/checkouts/{id}?wait=1", customer);
            Assert.InRange(clock.Elapsed, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
            Assert.Equal((200, "funded"), (looked.Status, looked.Json.GetProperty("state").GetString()));
            return id;
        }, async id =>
        {
            await StartAsync("inventory", "inventory-2");
            Assert.Equal("completed", (await Answer.GetAsync($"{stores.Urls[1]}/checkouts/{id}?wait=30", customer))
                .Json.GetProperty("state").GetString());
        });
    }

    [Fact]
    public async Task A_wait_that_is_no_number_is_refused_in_the_query_and_ignored_as_a_preference()
    {
        var customer = await _system.Game.NewAsync(coins: 500);
        var posted = await PostAsync(stores.Urls[0], customer, "k", "wait=-1");
        Assert.Equal((202, null), (posted.Status, posted.Header("Preference-Applied")));
        var id = posted.Json.GetProperty("checkoutId").GetGuid();
        foreach (var wait in (string[])["", "-1", "1.5", "soon", "12345678901", "1&wait=2"])
            (await Answer.GetAsync($"{stores.Urls[0]}/checkouts/{id}?wait={wait}", customer))
                .AssertProblem(400, "whole seconds");
    }

    [Fact]
    public async Task A_stream_brings_every_step_on_every_instance()
    {
        foreach (var store in stores.Urls)
        {
            var customer = await _system.Game.NewAsync(coins: 500);
            var posted = await _system.Game.BuyAsync(customer, "gorilla", "k", Cancel);
            var streams = await Task.WhenAll(
                stores.Urls.Select(url => OpenStream.OpenAsync(url, customer, posted.CheckoutId)));
            foreach (var stream in streams)
            {
                Assert.Equal("text/event-stream", stream.ContentHeaders.ContentType?.MediaType);
                Assert.Equal("no", Assert.Single(stream.Headers.GetValues("X-Accel-Buffering")));
                Assert.True(stream.Headers.CacheControl!.NoStore);
                var messages = await stream.RestAsync();
                Assert.Equal(["connected"], stream.Comments.Take(1));
                Assert.Equal("2000", stream.Retry);
                Assert.Equal("ended", messages[^1].Event);
                Assert.All(messages.SkipLast(1), message => Assert.Equal("checkout", message.Event));
                Assert.Equal(["CheckoutCreated", "BalanceDeducted", "AvatarAssigned", "CheckoutCompleted"],
                    messages[^1].Checkout.Timeline.Select(step => step.Event));
                // Each has what those before it had, and more.
                Assert.Equal(messages.Select(m => m.Checkout.Timeline.Count).Distinct().Order(),
                    messages.Select(m => m.Checkout.Timeline.Count));
                var seen = await _system.Game.SeeAsync(customer, posted.CheckoutId, Cancel);
                Assert.Equal(seen.Timeline, messages[^1].Checkout.Timeline);
                Assert.Equal((seen.State, seen.EndedAt),
                    (messages[^1].Checkout.State, messages[^1].Checkout.EndedAt));
                stream.Dispose();
            }
        }
    }

    [Fact]
    public async Task A_stream_that_goes_on_brings_what_is_missing_and_nothing_else()
    {
        var customer = await _system.Game.NewAsync(coins: 500);
        string known = null!;
        await WithoutInventoryAsync(async () =>
        {
            var posted = await _system.Game.BuyAsync(customer, "gorilla", "k", Cancel);
            using var stream = await OpenStream.OpenAsync(stores.Urls[0], customer, posted.CheckoutId);
            var message = await stream.NextAsync();
            while (message!.Checkout.State != "funded") message = await stream.NextAsync();
            known = message.Id;
            return posted.CheckoutId;
        }, async id =>
        {
            using var stream = await OpenStream.OpenAsync(stores.Urls[1], customer, id, known);
            // Nothing new: the first that comes is a heartbeat.
            await Eventually.Until(async () => await stream.LineAsync() == ": ping", "a heartbeat");
            await StartAsync("inventory", "inventory-2");
            var rest = await stream.RestAsync();
            Assert.All(rest, message => Assert.Contains(message.Checkout.Timeline, s => s.Event == "AvatarAssigned"));
            Assert.Equal("ended", rest[^1].Event);

            foreach (var url in stores.Urls)
            {
                using var told = await OpenStream.OpenAsync(url, customer, id, rest[^1].Id);
                Assert.Equal(HttpStatusCode.NoContent, told.Status);
                using var before = await OpenStream.OpenAsync(url, customer, id, known);
                Assert.Equal("ended", Assert.Single(await before.RestAsync()).Event);
                using var anew = await OpenStream.OpenAsync(url, customer, id, "no id of ours");
                Assert.Equal("ended", Assert.Single(await anew.RestAsync()).Event);
            }
        });
    }

    [Fact]
    public async Task A_stream_ends_when_its_instance_does_and_goes_on_at_the_other()
    {
        var customer = await _system.Game.NewAsync(coins: 500);
        await WithoutInventoryAsync(async () =>
            (await _system.Game.BuyAsync(customer, "gorilla", "k", Cancel)).CheckoutId, async id =>
        {
            using var stopped = await OpenStream.OpenAsync(stores.Urls[1], customer, id);
            var known = (await stopped.NextAsync())!.Id;
            var clock = Stopwatch.StartNew();
            await _system["store-2"].StopAsync();
            Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(9));
            await stopped.RestAsync();

            await StartAsync("store-2");
            using var killed = await OpenStream.OpenAsync(stores.Urls[1], customer, id);
            await killed.NextAsync();
            await _system["store-2"].KillForGoodAsync();
            await Assert.ThrowsAnyAsync<IOException>(killed.RestAsync);

            using var other = await OpenStream.OpenAsync(stores.Urls[0], customer, id, known);
            await StartAsync("store-2", "inventory", "inventory-2");
            Assert.Equal("ended", (await other.RestAsync())[^1].Event);
        });
    }

    [Fact]
    public async Task A_checkout_of_another_has_no_stream_and_HEAD_is_answered_at_once()
    {
        var customer = await _system.Game.NewAsync(coins: 500);
        var posted = await _system.Game.BuyAsync(customer, "gorilla", "k", Cancel);
        var url = $"{stores.Urls[0]}/checkouts/{posted.CheckoutId}/events";
        (await Answer.GetAsync(url, Players.NewName())).AssertProblem(404, "has no checkout");
        (await Answer.GetAsync($"{stores.Urls[0]}/checkouts/{Guid.NewGuid()}/events", customer)).AssertProblem(404);
        var head = await Answer.HeadAsync(url, customer);
        Assert.Equal((200, "text/event-stream", ""), (head.Status, head.ContentType, head.Text));
    }

    private static Task<Answer> PostAsync(string store, string customer, string key, string prefer) =>
        Answer.PostAsync($"{store}/checkouts", """{"sku":"gorilla"}""", customer, key,
            more: [new("Prefer", prefer)]);

    /// <summary>What is bought then is funded and no more, until Inventory is started.</summary>
    private async Task WithoutInventoryAsync(Func<Task<Guid>> buy, Func<Guid, Task> then)
    {
        await Task.WhenAll(_system["inventory"].StopAsync(), _system["inventory-2"].StopAsync());
        try
        {
            var id = await buy();
            await then(id);
        }
        finally
        {
            await StartAsync("store-2", "inventory", "inventory-2");
        }
    }

    private async Task StartAsync(params string[] processes)
    {
        foreach (var process in processes) await _system[process].StartAsync();
        foreach (var process in processes) await _system[process].ReadyAsync(Cancel);
    }
}
