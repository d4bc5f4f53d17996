using System.Net.Sockets;
using System.Text;
using Checkout.EndToEnd.Systems;
using Checkout.Local.Demo;
using Xunit;

namespace Checkout.EndToEnd.Http;

/// <summary>
/// Those who mean no good, all at once, and customers who notice nothing of it; then what must hold does.
/// </summary>
[Collection(SharedSystem.Collection)]
public sealed class AbuseTests(SharedSystem shared)
{
    private const int SlowClients = 100;
    private const int Rounds = 50;
    private static readonly TimeSpan CutOffWithin = TimeSpan.FromSeconds(30);

    private readonly TestSystem _system = shared.System;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private Uri Store => new(_system.Addresses.Store);

    [Fact]
    public async Task Customers_buy_while_others_mean_no_good_and_what_must_hold_holds()
    {
        var sku = $"wanted-{Guid.NewGuid():N}";
        await _system.OfferAsync((sku, 10, 100));
        var customers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => _system.Game.NewAsync(coins: 10)));
        var token = Answer.TokenOf(_system.Addresses.Store, customers[0]);

        // Headers that never end; and bodies that never end, of somebody who has a token.
        var slow = Enumerable.Range(0, SlowClients).Select(i => HangAsync(i % 2 == 0
            ? $"POST /checkouts HTTP/1.1\r\nHost: {Store.Authority}\r\nX-Slow: "
            : $"POST /checkouts HTTP/1.1\r\nHost: {Store.Authority}\r\nAuthorization: Bearer {token}\r\n"
                + "Idempotency-Key: slow\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"))
            .ToList();
        var bad = Enumerable.Range(0, Rounds).Select(i => MisuseAsync(i, customers[0], token)).ToList();
        var bought = await Task.WhenAll(customers.Select(async customer => await _system.Game.EndOfAsync(customer,
            await _system.Game.BuyAsync(customer, sku, "k", Cancel))));

        Assert.All(bought, checkout => Assert.Equal("completed", checkout.State));
        Assert.All(await Task.WhenAll(bad), answer =>
        {
            Assert.InRange(answer.Status, 400, 499);
            Assert.DoesNotContain("   at ", answer.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("Exception", answer.Text, StringComparison.Ordinal);
        });
        Assert.All(await Task.WhenAll(slow), last => Assert.True(last is "" || last.StartsWith("HTTP/1.1 408",
            StringComparison.Ordinal), last));
        // Of the customer whose name was used 10 coins are gone, for one avatar.
        Assert.Equal(0, await _system.Game.CoinsAsync(customers[0], Cancel));
        Assert.Equal([sku], await _system.Game.AvatarsAsync(customers[0], Cancel));
        Assert.All(await Invariants.CheckStatesAsync(_system.Addresses, Cancel), invariant =>
            Assert.True(invariant.Fault is null, $"{invariant.Name}: {invariant.Fault}"));
    }

    private Task<Answer> MisuseAsync(int kind, string customer, string token)
    {
        var url = $"{_system.Addresses.Store}/checkouts";
        const string gorilla = """{"sku":"gorilla"}""";
        var parts = token.Split('.');
        return (kind % 6) switch
        {
            0 => Answer.PostAsync(url, gorilla, null, "k"),
            1 => Answer.PostAsync(url, gorilla, null, "k",
                more: [new("Authorization", $"Bearer {parts[0]}.{parts[1]}.{new string('A', parts[2].Length)}")]),
            2 => Answer.PostAsync(url, gorilla, null, "k",
                more: [new("Authorization", $"Bearer eyJhbGciOiJub25lIn0.{parts[1]}.")]),
            3 => Answer.PostAsync(url, "{\"sku\":\"" + new string('x', 40_000) + "\"}", customer, "k"),
            4 => Answer.PostAsync(url, new string('[', 10_000), customer, "k"),
            _ => Answer.PostAsync(url, gorilla, customer, new string('k', 5_000)),
        };
    }

    /// <summary>Says so much and no more; answers with what the server says when it has had enough.</summary>
    private async Task<string> HangAsync(string beginning)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(Store.Host, Store.Port, Cancel);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(beginning), Cancel);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        enough.CancelAfter(CutOffWithin);
        using var reader = new StreamReader(stream);
        try
        {
            return await reader.ReadLineAsync(enough.Token) ?? "";
        }
        catch (IOException)
        {
            return "";
        }
    }
}
