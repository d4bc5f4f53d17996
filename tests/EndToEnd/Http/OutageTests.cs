using System.Diagnostics;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Checkout.Local.Demo;
using Checkout.Servers;
using Npgsql;
using Xunit;

namespace Checkout.EndToEnd.Http;

/// <summary>A system whose checkouts expire soon, and whose database may be stopped.</summary>
public sealed class ShortDeadlineSystem : IAsyncLifetime
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2);

    private readonly TestFolder _folder = new("outages");
    private TestSystem? _system;
    private PostgresServer? _postgres;

    public TestSystem System => _system!;

    /// <summary>The one that runs now.</summary>
    public PostgresServer Postgres => _postgres ?? System.Local.Postgres;

    public async ValueTask InitializeAsync() =>
        _system = await TestSystem.StartAsync("outages", TestSystem.Options(_folder) with
        {
            InMemoryBroker = true,
            Environment = new Dictionary<string, string?>
            {
                ["Checkouts__Deadline"] = Deadline.ToString(),
                ["Reactor__ClockTolerance"] = "00:00:00",
            },
        });

    public async Task StartDatabaseAgainAsync()
    {
        var before = System.Local.Postgres;
        _postgres =
            await PostgresServer.StartAsync(
                new()
                {
                    DataDirectory = before.DataDirectory,
                    Port = before.Port,
                    LogFile = before.LogFile,
                    Fsync = false
                });
        // The connections that this process had pooled ended with the former server.
        NpgsqlConnection.ClearAllPools();
    }

    public async ValueTask DisposeAsync()
    {
        if (_system is not null) await _system.DisposeAsync();
        if (_postgres is not null) await _postgres.DisposeAsync();
        _folder.Dispose();
    }
}

/// <summary>What a client is told while a part of the system is away, and that what waited for it still ends.</summary>
[Collection(nameof(Alone))]
public sealed class OutageTests(ShortDeadlineSystem outages) : IClassFixture<ShortDeadlineSystem>
{
    private readonly TestSystem _system = outages.System;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Balance_away_beyond_the_deadline_is_overdue_and_then_expired()
    {
        var customer = await _system.Game.NewAsync(coins: 500);
        await _system["balance"].StopAsync();
        var posted = await _system.Game.BuyAsync(customer, "gorilla", "k", Cancel);
        Assert.False(posted.Overdue);

        var overdue = await OverdueAsync(customer, posted);
        Assert.Equal(("pending", "Balance: BalanceDeducted or DeductionRejected"), (overdue.State, overdue.WaitingFor));

        await StartAgainAsync("balance");
        var ended = await _system.Game.EndOfAsync(customer, posted);
        Assert.Equal(("failed", "EXPIRED", false, null), (ended.State, ended.Reason, ended.Overdue, ended.WaitingFor));
        Assert.Equal(500, await _system.Game.CoinsAsync(customer, Cancel));
    }

    [Fact]
    public async Task Inventory_away_beyond_the_deadline_is_overdue_and_then_refunded()
    {
        var customer = await _system.Game.NewAsync(coins: 500);
        await _system["inventory"].StopAsync();
        var posted = await _system.Game.BuyAsync(customer, "gorilla", "k", Cancel);

        var overdue = await OverdueAsync(customer, posted);
        Assert.Equal(("funded", "Inventory: AvatarAssigned or AssignmentRejected"),
            (overdue.State, overdue.WaitingFor));
        Assert.Equal(["CheckoutCreated", "BalanceDeducted"], overdue.Timeline.Select(step => step.Event));
        Assert.Equal(0, await _system.Game.CoinsAsync(customer, Cancel));

        await StartAgainAsync("inventory");
        var ended = await _system.Game.EndOfAsync(customer, posted);
        Assert.Equal(("refunded", "EXPIRED"), (ended.State, ended.Reason));
        Assert.Equal(500, await _system.Game.CoinsAsync(customer, Cancel));
        Assert.Empty(await _system.Game.AvatarsAsync(customer, Cancel));
    }

    [Fact]
    public async Task Without_the_database_clients_are_asked_to_come_again()
    {
        var customer = await _system.Game.NewAsync(coins: 500);
        await _system.Local.Postgres.StopAsync();

        string[] services = ["store", "balance", "inventory"];
        var post = () => PostAsync(customer, "\"during\"");
        await AssertNotNowAsync(customer);
        foreach (var service in services)
        {
            Assert.Equal(503, (await Answer.GetAsync($"{_system.Local.Url(service)}/health/ready")).Status);
            Assert.Equal(200, (await Answer.GetAsync($"{_system.Local.Url(service)}/health/live")).Status);
        }
        await Eventually.Until(async () =>
            (await Answer.GetAsync($"{_system.Addresses.Tailer}/health/ready")).Status == 503,
            "LogTailer is not ready without the database");

        await outages.StartDatabaseAgainAsync();
        foreach (var process in services.Append("logtailer"))
            await Eventually.Until(async () =>
                (await Answer.GetAsync($"{_system.Local.Url(process)}/health/ready")).Status == 200,
                $"{process} is ready again");
        Answer accepted = null!;
        await Eventually.Until(async () => (accepted = await post()).Status == 202, "the same post is accepted now");
        var ended = await _system.Game.EndOfAsync(customer, accepted.Json.GetProperty("checkoutId").GetGuid(),
            Players.Patience, Cancel);
        Assert.Equal("completed", ended.State);
        Assert.Equal(0, _system.Local.Processes.Sum(process => process.Restarts));

        Assert.All(await Invariants.CheckAsync(_system.Addresses, Cancel), invariant => Assert.Null(invariant.Fault));
    }

    /// <summary>As a stalled disk or a partition of the network: it neither answers nor refuses.</summary>
    [Fact]
    public async Task While_the_database_is_frozen_clients_are_answered_within_3_seconds_and_a_post_is_one_purchase()
    {
        var customer = await _system.Game.NewAsync(coins: 500);
        // Compiled and connected before, as in a service that has been running.
        await _system.Game.EndOfAsync(customer, await _system.Game.BuyAsync(customer, "tiger", "poor", Cancel));
        await Task.WhenAll(Reads(customer).Select(read => read()));
        await SignalDatabaseAsync("STOP");
        try
        {
            await Task.WhenAll(AssertNotNowAsync(customer), AssertPageSaysSoAsync());
        }
        finally
        {
            await SignalDatabaseAsync("CONT");
        }
        Answer accepted = null!;
        await Eventually.Until(async () =>
            (accepted = await PostAsync(customer, "\"during\"")).Status == 202, "the same post is accepted now");
        var ended = await _system.Game.EndOfAsync(customer, accepted.Json.GetProperty("checkoutId").GetGuid(),
            Players.Patience, Cancel);
        // With this system's short deadline it may have expired, if it was written while everything froze.
        Assert.Contains(ended.State, (string[])["completed", "failed", "refunded"]);
        Assert.Equal(ended.State == "completed" ? 0 : 500, await _system.Game.CoinsAsync(customer, Cancel));
    }

    private Task<Answer> PostAsync(string customer, string key) => Answer.PostAsync(
        $"{_system.Addresses.Store}/checkouts", """{"sku":"gorilla"}""", customer, key,
        more: [new("Accept", "text/html")]);

    private Func<Task<Answer>>[] Reads(string customer) =>
    [
        () => Answer.GetAsync($"{_system.Addresses.Store}/checkouts/{Guid.NewGuid()}", customer),
        () => Answer.GetAsync($"{_system.Addresses.Store}/packages"),
        () => Answer.GetAsync($"{_system.Addresses.Balance}/balances/{customer}", customer),
        () => Answer.GetAsync($"{_system.Addresses.Inventory}/stock", customer),
        () => Answer.GetAsync($"{_system.Addresses.Inventory}/customers/{customer}/avatars", customer),
    ];

    private async Task AssertNotNowAsync(string customer) =>
        Assert.All(await Task.WhenAll(Reads(customer).Append(() => PostAsync(customer, "\"during\""))
            .Select(async ask =>
            {
                var clock = Stopwatch.StartNew();
                return (Answer: await ask(), Took: clock.Elapsed);
            })), asked =>
            {
                asked.Answer.AssertProblem(503);
                Assert.NotNull(asked.Answer.Header("Retry-After"));
                Assert.InRange(asked.Took, TimeSpan.Zero, TimeSpan.FromSeconds(3));
            });

    /// <summary>A person gets a page, and no problem in JSON.</summary>
    private async Task AssertPageSaysSoAsync()
    {
        var page = await Answer.GetAsync($"{_system.Addresses.Store}/");
        Assert.Equal((503, "text/html"), (page.Status, page.ContentType));
        Assert.Contains("The catalogue can't be read right now", page.Text, StringComparison.Ordinal);
        Assert.Contains("default-src 'none'", page.Header("Content-Security-Policy"), StringComparison.Ordinal);
        Assert.NotNull(page.Header("Retry-After"));
    }

    private async Task SignalDatabaseAsync(string signal)
    {
        var postmaster = outages.Postgres.Pid;
        var children = await File.ReadAllTextAsync($"/proc/{postmaster}/task/{postmaster}/children", Cancel);
        string[] pids = [$"{postmaster}", .. children.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        using var kill = Process.Start("kill", [$"-{signal}", .. pids]);
        await kill.WaitForExitAsync(Cancel);
    }

    private async Task<CheckoutSeen> OverdueAsync(string customer, CheckoutSeen posted)
    {
        CheckoutSeen seen = null!;
        await Eventually.Until(async () =>
            (seen = await _system.Game.SeeAsync(customer, posted.CheckoutId, Cancel)).Overdue,
            "the checkout is shown as overdue");
        Assert.True(DateTime.UtcNow >= posted.ExpiresAt);
        return seen;
    }

    private async Task StartAgainAsync(string process)
    {
        await _system[process].StartAsync();
        await _system[process].ReadyAsync(Cancel);
    }
}
