using System.Net.Http.Json;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Dapper;
using Npgsql;
using Xunit;

namespace Checkout.EndToEnd.Http;

/// <summary>Parked events over HTTP, as an operator with the scope support handles them.</summary>
[Collection(SharedSystem.Collection)]
public sealed class ParkedTests(SharedSystem shared)
{
    private readonly TestSystem _system = shared.System;

    private string Balance => _system.Addresses.Balance;

    [Fact]
    public async Task They_are_for_whoever_has_the_scope_support_and_for_nobody_else()
    {
        foreach (var scope in new[] { "", "metrics", "supporter" })
            (await Answer.GetAsAsync(scope, $"{Balance}/parked")).AssertProblem(403, "does not give the right");
        Assert.Equal(401, (await Answer.GetAsync($"{Balance}/parked")).Status);
        foreach (var service in new[] { _system.Addresses.Store, Balance, _system.Addresses.Inventory })
            Assert.Equal(200, (await Answer.GetAsAsync("support", $"{service}/parked")).Status);
        (await FreeAsync("redrive", new { topic = "store.checkouts", why = "no right" }, scope: "")).AssertProblem(403);
    }

    [Fact]
    public async Task They_are_listed_by_reason_and_discarded_by_whom_the_token_names()
    {
        var reason = $"test {Guid.NewGuid():N}";
        await ParkAsync(reason, "a", "b", "b");
        var listed = await Answer.GetAsAsync("support",
            $"{Balance}/parked?reason={reason.Replace(" ", "%20")}&limit=2");
        Assert.Equal(2, listed.Json.GetProperty("parked").GetArrayLength());
        var group = Assert.Single(listed.Json.GetProperty("reasons").EnumerateArray());
        Assert.Equal((3, 2), (group.GetProperty("events").GetInt32(), group.GetProperty("keys").GetInt32()));
        var next = listed.Json.GetProperty("next").GetInt64();
        var rest = await Answer.GetAsAsync("support",
            $"{Balance}/parked?reason={reason.Replace(" ", "%20")}&limit=2&after={next}");
        Assert.Equal(1, rest.Json.GetProperty("parked").GetArrayLength());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, rest.Json.GetProperty("next").ValueKind);

        var dry = await FreeAsync("discard", new { reason, why = "of no use", dryRun = true });
        Assert.Equal((200, 3, true), (dry.Status, dry.Json.GetProperty("freed").GetInt32(),
            dry.Json.GetProperty("dryRun").GetBoolean()));
        Assert.Equal(0, await FreedAsync("of no use " + reason));
        var done = await FreeAsync("discard", new { reason, why = $"of no use {reason}" });
        Assert.Equal((200, 3), (done.Status, done.Json.GetProperty("freed").GetInt32()));
        Assert.Equal(3, await FreedAsync($"of no use {reason}", who: "operator-1"));
    }

    [Fact]
    public async Task What_still_can_not_be_handled_is_told_and_stays()
    {
        var reason = $"test {Guid.NewGuid():N}";
        await ParkAsync(reason, "c");
        var tried = await FreeAsync("redrive", new { reason, why = "try", dryRun = true });
        var stopped = Assert.Single(tried.Json.GetProperty("stopped").EnumerateArray());
        Assert.Contains("LogTailer did not write it", stopped.GetProperty("fault").GetString(),
            StringComparison.Ordinal);
        Assert.Equal(0, Freed(await FreeAsync("redrive", new { reason, why = "try" })));
        Assert.Equal(1, Freed(await FreeAsync("discard", new { reason, why = "away" })));
    }

    [Fact]
    public async Task A_gauge_says_how_many_there_are_and_since_when()
    {
        var reason = $"test {Guid.NewGuid():N}";
        await ParkAsync(reason, "d");
        await Eventually.Until(async () => await RowsAsync() >= 1, "the gauge counts it");
        await FreeAsync("discard", new { reason, why = "away" });
    }

    [Theory]
    [InlineData("""{"why":"all of them"}""", 400, "topic, key or reason")]
    [InlineData("""{"topic":"store.checkouts"}""", 400, "why is missing")]
    [InlineData("""{"topic":"store.checkouts","why":""}""", 400, "why is empty")]
    [InlineData("""{"topic":"store.checkouts","why":"x","dryRun":1}""", 400, "give true or false")]
    [InlineData("""{"topic":"a\u0000b","why":"x"}""", 400, "topic has U+0000")]
    public async Task What_is_not_said_rightly_frees_nothing(string body, int status, string said)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"{Balance}/parked/discard")
        {
            Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json"),
            Headers = { Authorization = new("Bearer", Answer.TokenOf(Balance, "operator-1", "support")) },
        };
        (await Answer.SendAsync(request, null)).AssertProblem(status, said);
    }

    private static int Freed(Answer answer) => answer.Json.GetProperty("freed").GetInt32();

    private Task<Answer> FreeAsync(string what, object body, string scope = "support") => Answer.SendAsync(
        new(HttpMethod.Post, $"{Balance}/parked/{what}")
        {
            Content = JsonContent.Create(body),
            Headers = { Authorization = new("Bearer", Answer.TokenOf(Balance, "operator-1", scope)) },
        }, null);

    /// <summary>As an older version parked what LogTailer did not write: it blocks nobody of this system.</summary>
    private async Task ParkAsync(string reason, params string[] keys)
    {
        await using var connection = new NpgsqlConnection(_system.Local.Postgres.ConnectionString("balance"));
        foreach (var key in keys)
            await connection.ExecuteAsync(
                """
                INSERT INTO parked (topic, partition, position, key, headers, reason, blocks)
                VALUES ('store.checkouts', 0, @position, @key, '{}', @reason, false)
                """, new { position = -Random.Shared.NextInt64(), key = $"parked-{key}", reason });
    }

    private async Task<long> FreedAsync(string why, string who = "operator-1")
    {
        await using var connection = new NpgsqlConnection(_system.Local.Postgres.ConnectionString("balance"));
        return await connection.ExecuteScalarAsync<long>(
            "SELECT count(*) FROM freed WHERE why = @why AND who = @who AND action = 'discard'", new { why, who });
    }

    private async Task<double> RowsAsync() => double.Parse(
        (await Answer.GetAsAsync("metrics", $"{Balance}/metrics")).Text.Split('\n')
            .Single(line => line.StartsWith("reactor_parked_rows", StringComparison.Ordinal)
                && line.Contains("store.checkouts", StringComparison.Ordinal)).Split(' ')[1],
        System.Globalization.CultureInfo.InvariantCulture);
}
