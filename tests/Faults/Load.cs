using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using Npgsql;

namespace Checkout.Faults;

/// <summary>
/// A checkout that a customer wants: posted at its moment, and again with the same key until it is accepted.
/// </summary>
internal sealed record Purchase(string Customer, string Key, string Sku, TimeSpan At)
{
    /// <summary>Which checkout it became.</summary>
    public Guid? CheckoutId { get; set; }
}

/// <summary>
/// The customers of a round. Each posts its checkouts over the time of the load to one of Store's two processes, and to
/// the other where that one does not answer; some are poor, some buy the same twice, some want what is sold out. The
/// game rewards each twice.
/// </summary>
internal sealed class Load : IDisposable
{
    public const int Customers = 32;
    private const int PurchasesEach = 5;
    private const int EveryPoor = 8;
    private static readonly TimeSpan AttemptTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromMilliseconds(100);

    private readonly HttpClient _http = new() { Timeout = AttemptTimeout };
    private readonly FaultySystem _system;
    private readonly string[] _stores;
    private readonly string[] _customers;
    private readonly Dictionary<string, string> _tokens;
    private readonly GameServer _game;
    private readonly Plan _plan;
    private int _attempts;

    public Load(FaultySystem system, Plan plan)
    {
        (_system, _plan) = (system, plan);
        _stores = [.. system.Both("store").Select(store => store.Url)];
        _game = new(system);
        var random = new Random(unchecked((plan.Seed * 31) ^ plan.Round));
        _customers = [.. Enumerable.Range(0, Customers).Select(i => Customer(plan, i))];
        _tokens = _customers.ToDictionary(customer => customer,
            customer => system.Local.Tokens.For(customer, DateTime.UtcNow));
        Purchases = [.. _customers.SelectMany(customer => Enumerable.Range(1, PurchasesEach).Select(number =>
            new Purchase(customer, $"purchase-{number}", Shop.Sku(plan.Round, random.Next(Shop.Kinds)),
                plan.LoadLasts * random.NextDouble())))];
        Rewards =
            [.. _customers.Select((customer, i) =>
                new Reward(customer, "welcome", i % EveryPoor == 0 ? Shop.PriceCoins : 10 * Shop.PriceCoins,
                    TimeSpan.Zero)),
            .. _customers.Select(customer =>
                new Reward(customer, "later", Shop.PriceCoins, plan.LoadLasts * random.NextDouble()))];
    }

    public static string Customer(Plan plan, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"player-{plan.Seed}-{plan.Round}-{number}");

    public IReadOnlyList<Purchase> Purchases { get; }

    public IReadOnlyList<Reward> Rewards { get; }

    /// <summary>Posts that had to be sent again.</summary>
    public int Retries => _attempts - Purchases.Count;

    /// <summary>Everybody has the first coins: without them nothing could be bought.</summary>
    public Task FundAsync(CancellationToken stop) => _game.GiveAsync(Rewards.Where(r => r.At == TimeSpan.Zero), stop);

    /// <summary>Returns when every purchase was accepted and every reward credited.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var shopping = Purchases.GroupBy(p => p.Customer).Select(async mine =>
        {
            var begun = System.Diagnostics.Stopwatch.StartNew();
            foreach (var purchase in mine.OrderBy(p => p.At))
            {
                if (purchase.At > begun.Elapsed) await Task.Delay(purchase.At - begun.Elapsed, stop);
                purchase.CheckoutId = await AcceptedAsync(purchase, stop);
            }
        });
        await Task.WhenAll([.. shopping, _game.GiveAsync(Rewards.Where(r => r.At > TimeSpan.Zero), stop)]);
    }

    /// <summary>Returns when Store says of every purchase that it has ended.</summary>
    public Task UntilEndedAsync(CancellationToken stop) =>
        Waiting.UntilAsync("every accepted checkout has ended", async () =>
    {
        try
        {
            await using var store = await _system.OpenAsync("store", stop);
            return await store.ExecuteScalarAsync<string?>(
                """
                SELECT format('%s of %s posts have not, such as %s of %s, which is %s',
                    count(*) FILTER (WHERE ended_at IS NULL), count(*),
                    min(checkout_id::text) FILTER (WHERE ended_at IS NULL),
                    min(customer_id) FILTER (WHERE ended_at IS NULL),
                    coalesce(min(status) FILTER (WHERE ended_at IS NULL), 'not there'))
                FROM unnest(@ids) AS posted(id) LEFT JOIN checkouts ON checkout_id = id
                HAVING count(*) FILTER (WHERE ended_at IS NULL) > 0
                """, new { ids = Purchases.Select(p => p.CheckoutId!.Value).ToArray() });
        }
        catch (NpgsqlException e)
        {
            return $"the database does not tell: {e.Message}";
        }
    }, stop);

    /// <summary>Some purchases posted once more: they must be the checkouts they were.</summary>
    public async Task<string?> OtherOnRepeatAsync(CancellationToken stop)
    {
        foreach (var purchase in Purchases.Where((_, i) => i % 20 == 0))
            if (await AcceptedAsync(purchase, stop) is var again && again != purchase.CheckoutId)
                return $"{purchase.Customer}'s {purchase.Key} was checkout {purchase.CheckoutId}, and is {again} "
                    + "when it is posted again";
        return null;
    }

    public void Dispose()
    {
        _http.Dispose();
        _game.Dispose();
    }

    private async Task<Guid> AcceptedAsync(Purchase purchase, CancellationToken stop)
    {
        for (var attempt = Math.Abs(purchase.Customer[^1]); ; attempt++)
        {
            Interlocked.Increment(ref _attempts);
            try
            {
                return await PostAsync(_stores[attempt % _stores.Length], purchase, stop);
            }
            catch (Exception e)
                when (e is HttpRequestException or IOException or OperationCanceledException
                    && !stop.IsCancellationRequested)
            {
                await Task.Delay(TryAgainAfter, stop);
            }
        }
    }

    private async Task<Guid> PostAsync(string store, Purchase purchase, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post,
            $"{store}/checkouts")
        { Content = JsonContent.Create(new { sku = purchase.Sku }) };
        request.Headers.Authorization = new("Bearer", _tokens[purchase.Customer]);
        request.Headers.Add("Idempotency-Key", $"\"{purchase.Key}\"");
        using var answer = await _http.SendAsync(request, stop);
        if (answer.StatusCode == HttpStatusCode.Accepted)
            return (await answer.Content.ReadFromJsonAsync<JsonElement>(stop)).GetProperty("checkoutId").GetGuid();
        var said = await answer.Content.ReadAsStringAsync(stop);
        // An outage is told as such; anything else would be an answer that a client can't mend by trying again.
        if (answer.StatusCode is HttpStatusCode.ServiceUnavailable) throw new HttpRequestException(said);
        throw new ViolationException($"Store answered {(int)answer.StatusCode} to {purchase.Customer}'s "
            + $"{purchase.Key} for {purchase.Sku} in round {_plan.Round}: {said}");
    }
}
