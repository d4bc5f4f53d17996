using System.Net.Http.Json;
using System.Text.Json;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Checkout.Local.Demo;
using Checkout.Local.Events;
using Dapper;
using Npgsql;
using Xunit;

namespace Checkout.EndToEnd.Http;

/// <summary>Coins that support gives for checkouts that went wrong.</summary>
[Collection(SharedSystem.Collection)]
public sealed class CompensationTests(SharedSystem shared)
{
    private const int AtOnce = 40;
    private const int Lines = 1_000;

    private readonly TestSystem _system = shared.System;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Url => $"{_system.Addresses.Balance}/compensations";

    [Fact]
    public async Task They_are_given_once_however_often_they_are_sent_and_spent_like_others()
    {
        var failed = await FailedAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => GiveAsync(Body(failed, coins: 600))));

        Assert.All(answers, answer => Assert.Equal((200, 600), (answer.Status, Balance(answer))));
        Assert.Single(answers, IsNew);
        Assert.Equal(600, await _system.Game.CoinsAsync(failed.Customer, Cancel));
        // Store passes over what it does not react to: the next story of this customer goes on, on the same partition.
        var next = await _system.Game.BuyAsync(failed.Customer, "gorilla", "again", Cancel);
        Assert.Equal("completed", (await _system.Game.EndOfAsync(failed.Customer, next)).State);
        Assert.Equal(100, await _system.Game.CoinsAsync(failed.Customer, Cancel));
        Assert.False(IsNew(await GiveAsync(Body(failed, coins: 600))));
    }

    [Fact]
    public async Task They_are_on_the_story_and_in_the_trace_of_their_checkout_with_who_and_why()
    {
        var failed = await FailedAsync();
        await GiveAsync(Body(failed, coins: 7));
        var story = await new Stores(_system.Addresses.Database).OfCheckoutAsync(failed.Seen.CheckoutId, Cancel);

        var given = Assert.Single(story, e => e.Name == "CompensationGranted");
        Assert.Equal((failed.Customer, failed.Seen.TraceId), (given.Key, given.TraceId));
        var said = given.Fields.ToDictionary(field => field.Name, field => field.Value);
        Assert.Equal(("support-1 for agent-7", "it failed", 7L, 7L, "ticket-1"),
            (said["who"], said["why"], said["grantedCoins"], said["balanceCoins"], said["reference"]));
    }

    [Fact]
    public async Task A_dry_run_says_what_would_become_of_it_and_changes_nothing()
    {
        var failed = await FailedAsync();
        var dry = await GiveAsync(Body(failed, coins: 5, dryRun: true));
        Assert.Equal((200, true, 5, true), (dry.Status, IsNew(dry), Balance(dry),
            dry.Json.GetProperty("dryRun").GetBoolean()));
        Assert.True(IsNew(await GiveAsync(Body(failed, coins: 5, dryRun: true))));
        Assert.Equal(0, await GivenAsync(failed));
        Assert.True(IsNew(await GiveAsync(Body(failed, coins: 5))));
        Assert.False(IsNew(await GiveAsync(Body(failed, coins: 5, dryRun: true))));
        (await GiveAsync(Body(failed, coins: 6, dryRun: true))).AssertProblem(409);
        Assert.Equal(1, await GivenAsync(failed));
    }

    [Fact]
    public async Task What_contradicts_what_is_there_is_a_problem_that_says_so()
    {
        var (one, other) = (await FailedAsync(), await FailedAsync());
        await GiveAsync(Body(one, coins: 5));
        (await GiveAsync(Body(one, coins: 6))).AssertProblem(409, "5 coins were given to");
        (await GiveAsync(Body(one with { Customer = other.Customer }, coins: 5, reference: "theirs")))
            .AssertProblem(422, "Balance knows no checkout");
        (await GiveAsync(Body(one with { Seen = one.Seen with { CheckoutId = Guid.NewGuid() } }, coins: 5)))
            .AssertProblem(422, "Balance knows no checkout");
        (await GiveAsync(Body(one, coins: (1L << 53) - 1, reference: "much"))).AssertProblem(422, "are the most");
        (await GiveAsync(Body(one, coins: 0))).AssertProblem(400, "coins is 0");
        (await GiveAsync(Body(one, coins: 5), scope: "")).AssertProblem(403, "does not give the right");
        Assert.Equal(1, await GivenAsync(one));
    }

    /// <summary>
    /// Killed where it has written all and not committed; whether PostgreSQL commits what it was sent by then or not,
    /// the file given again makes it whole.
    /// </summary>
    [Fact]
    public async Task A_file_of_1000_lines_killed_half_way_and_given_again_gives_each_once()
    {
        var failed = await FailedAsync();
        using var folder = new TestFolder("compensations");
        var file = folder["file.json"];
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(Enumerable.Range(0, Lines).Select(i => new
        {
            checkoutId = failed.Seen.CheckoutId,
            customerId = failed.Customer,
            coins = 2,
            reference = $"line-{i}",
            why = "an outage",
        })), Cancel);

        var (code, dry) = await CompensateAsync(file, "--dry-run");
        Assert.Equal(0, code);
        Assert.Contains($"{Lines} looked at, {Lines} would be new", dry, StringComparison.Ordinal);
        Assert.Equal(0, await GivenAsync(failed));

        await KillInTheMiddleAsync(file);
        (code, var said) = await CompensateAsync(file);
        Assert.True(code == 0, said);
        Assert.Equal(Lines, await GivenAsync(failed));
        Assert.Equal(2 * Lines, await _system.Game.CoinsAsync(failed.Customer, Cancel));
        Assert.Contains(" 0 new events", (await CompensateAsync(file)).Output, StringComparison.Ordinal);
        Assert.All(await Invariants.CheckStatesAsync(_system.Addresses, Cancel),
            invariant => Assert.True(invariant.Fault is null, $"{invariant.Name}: {invariant.Fault}"));
        await _system.AssertRebuildEqualsAsync();
    }

    [Fact]
    public async Task Of_a_file_that_names_a_strangers_checkout_nothing_is_given_and_a_dry_run_says_which()
    {
        var failed = await FailedAsync();
        using var folder = new TestFolder("compensations");
        var file = folder["file.json"];
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(new[] { failed.Customer, "stranger" }.Select(who =>
            new { checkoutId = failed.Seen.CheckoutId, customerId = who, coins = 2, reference = who, why = "late" })),
            Cancel);
        foreach (var arguments in new string[][] { [], ["--dry-run"] })
        {
            var (code, said) = await CompensateAsync(file, arguments);
            Assert.Equal(1, code);
            Assert.Contains("Entry 2: Balance knows no checkout ", said, StringComparison.Ordinal);
        }
        Assert.Equal(0, await GivenAsync(failed));
    }

    private Task<(int ExitCode, string Output)> CompensateAsync(string file, params string[] arguments) =>
        _system.RunAsync("balance", ["compensate", file, "--who", "ann", .. arguments]);

    /// <summary>The head of the store is the last lock of a transaction: held here, the command waits for it.</summary>
    private async Task KillInTheMiddleAsync(string file)
    {
        await using var connection = new NpgsqlConnection(_system.Addresses.Database("balance"));
        await connection.OpenAsync(Cancel);
        await using var transaction = await connection.BeginTransactionAsync(Cancel);
        await connection.ExecuteAsync("SELECT FROM head FOR UPDATE", transaction: transaction);
        // What a transaction sees of other sessions stands still.
        await using var watch = new NpgsqlConnection(_system.Addresses.Database("balance"));
        var began = await watch.ExecuteScalarAsync<DateTime>("SELECT clock_timestamp()");
        await using var command = _system.Start("balance", "compensate", file, "--who", "ann");
        await Eventually.Until(async () => await watch.ExecuteScalarAsync<bool>(
            """
            SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_start > @began
                           AND @holder = ANY(pg_blocking_pids(pid)))
            """, new { began, holder = connection.ProcessID }), "the command waits for the head", Players.Patience);
        command.Kill();
        Assert.Equal(137, await command.Exited.WaitAsync(Cancel));
    }

    private async Task<Failed> FailedAsync()
    {
        var customer = Players.NewName("unlucky");
        var posted = await _system.Game.BuyAsync(customer, "gorilla", "k", Cancel);
        return new(customer, await _system.Game.EndOfAsync(customer, posted));
    }

    private static object Body(Failed failed, long coins, string reference = "ticket-1", bool dryRun = false) => new
    {
        checkoutId = failed.Seen.CheckoutId,
        customerId = failed.Customer,
        coins,
        reference,
        why = "it failed",
        who = "agent-7",
        dryRun,
    };

    private Task<Answer> GiveAsync(object body, string scope = "support") => Answer.SendAsync(
        new(HttpMethod.Post, Url)
        {
            Content = JsonContent.Create(body),
            Headers = { Authorization = new("Bearer", Answer.TokenOf(Url, "support-1", scope)) },
        }, null);

    private async Task<int> GivenAsync(Failed failed)
    {
        await using var connection = new NpgsqlConnection(_system.Addresses.Database("balance"));
        return await connection.ExecuteScalarAsync<int>(
            """
            SELECT count(*) FROM events WHERE correlation_id = @id AND type = 'avatarstore.balance.CompensationGranted'
            """, new { id = failed.Seen.CheckoutId.ToString() });
    }

    private static bool IsNew(Answer answer) => answer.Json.GetProperty("isNew").GetBoolean();

    private static long Balance(Answer answer) => answer.Json.GetProperty("balanceCoins").GetInt64();

    private sealed record Failed(string Customer, CheckoutSeen Seen);
}
