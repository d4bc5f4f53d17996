using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using avatarstore.game;
using Avro.Specific;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Identity;
using Checkout.Chassis.Kafka;
using Checkout.Chassis.Registry;
using Checkout.Chassis.WireFormat;
using Checkout.Contracts;
using Confluent.Kafka;

namespace Checkout.Local.Demo;

public sealed record Step(string Event, string Source, DateTime At);

public sealed record CheckoutSeen(
    Guid CheckoutId, string Sku, long PriceCoins, string State, string? Reason,
        DateTime CreatedAt, DateTime ExpiresAt, DateTime? EndedAt, bool Overdue,
        string? WaitingFor, string? TraceId,
    List<Step> Timeline)
{
    public bool HasEnded => State is "completed" or "failed" or "refunded";
}

/// <summary>
/// The other side of the system: a game's client, which posts checkouts and looks, and its server, which tells facts on
/// game.rewards.
/// </summary>
public sealed class Game : IDisposable
{
    private static readonly TimeSpan FirstPollInterval = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPollInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private const int MaxAttempts = 5;

    /// <summary>Somebody who looks around.</summary>
    private const string Visitor = "visitor";
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly IProducer<string, byte[]> _producer;
    private readonly SchemaRegistry _registry;
    private readonly RunningSystem _system;
    private readonly DevelopmentTokens _signing;
    private readonly ConcurrentDictionary<string, string> _tokens = new();

    public Game(RunningSystem system)
    {
        _system = system;
        _signing = system.Tokens();
        _registry = new(system.Access.Registry(system.SchemaRegistry));
        _producer = new ProducerBuilder<string, byte[]>(new ProducerConfig(
            system.Access.Game.ToDictionary())
        {
            BootstrapServers = system.BootstrapServers,
            EnableIdempotence = true,
            LingerMs = 0,
            Partitioner = Confluent.Kafka.Partitioner.Murmur2Random,
            StatisticsIntervalMs = LostBrokers.StatisticsIntervalMs,
        }).SetStatisticsHandler(LostBrokers.Handler(system.BootstrapServers, () => { }))
            .SetLogHandler((_, _) => { }).Build();
    }

    /// <summary>Where Store says not now it posts again, under the same key, when it is told to.</summary>
    /// <exception cref="HttpRequestException">The edge refused it; the message is its problem's detail.</exception>
    public async Task<CheckoutSeen> BuyAsync(string customerId, string sku, string key, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var answer = await PostAsync(customerId, sku, key, cancellation);
            if (answer.StatusCode == HttpStatusCode.Accepted)
                return (await answer.Content.ReadFromJsonAsync<CheckoutSeen>(Json, cancellation))!;
            if (answer.Headers.RetryAfter?.Delta is not { } later || attempt == MaxAttempts)
                throw new HttpRequestException(
                    $"{(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(cancellation)}",
                    null, answer.StatusCode);
            await Task.Delay(later, cancellation);
        }
    }

    public async Task<HttpResponseMessage> PostAsync(
        string customerId, string sku, string? key, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{_system.Store}/checkouts")
        { Content = JsonContent.Create(new { sku }) };
        Authorize(request, customerId);
        if (key is not null) request.Headers.Add("Idempotency-Key", $"\"{key}\"");
        return await _http.SendAsync(request, cancellation);
    }

    public async Task<CheckoutSeen> SeeAsync(string customerId, Guid checkoutId, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{_system.Store}/checkouts/{checkoutId}");
        Authorize(request, customerId);
        using var answer = await _http.SendAsync(request, cancellation);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<CheckoutSeen>(Json, cancellation))!;
    }

    /// <summary>Follows a checkout until it has ended and its whole timeline is there.</summary>
    public async Task<CheckoutSeen> EndOfAsync(
        string customerId, Guid checkoutId, TimeSpan within, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(within);
        CheckoutSeen? seen = null;
        try
        {
            for (var interval = FirstPollInterval; ; interval = Longer(interval))
            {
                seen = await LookAsync(customerId, checkoutId, deadline.Token) ?? seen;
                if (seen?.HasEnded == true) return seen;
                await Task.Delay(interval, deadline.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException(
                $"Checkout {checkoutId} did not end within {within.TotalSeconds:F0} s; " +
                $"it is {seen?.State} and waits for {seen?.WaitingFor}.");
        }
    }

    /// <summary>
    /// The longer it takes, the less often it is asked for: a crowd that asks every few milliseconds would be the load
    /// it waits for.
    /// </summary>
    private static TimeSpan Longer(TimeSpan interval) =>
        interval * 1.3 < LongestPollInterval ? interval * 1.3 : LongestPollInterval;

    /// <summary>
    /// Null where Store says not now, as it does to a crowd that asks faster than its database answers: a patient
    /// client looks again.
    /// </summary>
    private async Task<CheckoutSeen?> LookAsync(string customerId, Guid checkoutId, CancellationToken cancellation)
    {
        try
        {
            return await SeeAsync(customerId, checkoutId, cancellation);
        }
        catch (HttpRequestException e) when (e.StatusCode == HttpStatusCode.ServiceUnavailable)
        {
            return null;
        }
    }

    public async Task<long?> CoinsAsync(string customerId, CancellationToken cancellation)
    {
        using var answer = await GetAsync($"{_system.Balance}/balances/{customerId}", customerId, cancellation);
        if (answer.StatusCode == HttpStatusCode.NotFound) return null;
        return (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>(cancellation))
            .GetProperty("coins").GetInt64();
    }

    public async Task<IReadOnlyList<string>> AvatarsAsync(string customerId, CancellationToken cancellation) =>
        (await ListAsync($"{_system.Inventory}/customers/{customerId}/avatars", customerId, cancellation))
            .Select(a => a.GetProperty("sku").GetString()!).ToList();

    public async Task<long?> StockAsync(string sku, CancellationToken cancellation) =>
        (await ListAsync($"{_system.Inventory}/stock", Visitor, cancellation))
            .Where(s => s.GetProperty("sku").GetString() == sku)
                .Select(s => (long?)s.GetProperty("available").GetInt64()).SingleOrDefault();

    /// <summary>Tells that a customer achieved something worth these coins, and waits until they are there.</summary>
    public async Task<string> CustomerAsync(string customerId, long coins, CancellationToken cancellation)
    {
        var achieved = new AchievementCompleted
        {
            EventId = Guid.CreateVersion7(),
            OccurredAt = DateTime.UtcNow,
            CustomerId = customerId,
            AchievementId = "demo",
            Coins = coins,
        };
        await TellAsync(achieved, customerId, cancellation);
        await UntilCoinsAsync(customerId, coins, Patience, cancellation);
        return customerId;
    }

    /// <summary>Tells a fact of the game; returns when Kafka has it.</summary>
    public async Task TellAsync(ISpecificRecord fact, string customerId, CancellationToken cancellation)
    {
        var schema = (Avro.RecordSchema)fact.Schema;
        var id = await _registry.IdOfAsync($"{Topics.GameRewards}-{schema.Fullname}", schema.ToString(), cancellation);
        var value = ConfluentFrame.FromSingleObject(EventCodec.Encode(fact), id);
        await _producer.ProduceAsync(Topics.GameRewards, new() { Key = customerId, Value = value }, cancellation);
    }

    /// <summary>Waits until a customer has these coins.</summary>
    public async Task UntilCoinsAsync(string customerId, long coins, TimeSpan within, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(within);
        long? seen = null;
        try
        {
            for (var interval = FirstPollInterval; ; interval = Longer(interval))
            {
                seen = await CoinsAsync(customerId, deadline.Token);
                if (seen == coins) return;
                await Task.Delay(interval, deadline.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            var has = seen is { } some ? $"{some} coins" : "no account";
            throw new TimeoutException($"After {within.TotalSeconds:F0} s {customerId} has {has}, not {coins} coins.");
        }
    }

    /// <summary>Stops, starts or kills a process of the system.</summary>
    public async Task ControlAsync(string process, string action, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{_system.Control}/processes/{process}/{action}");
        request.Headers.Add(ControlApi.TokenHeader, _system.Token);
        using var answer = await _http.SendAsync(request, cancellation);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>With the token of a customer, which is signed once.</summary>
    public void Authorize(HttpRequestMessage request, string customerId) => request.Headers.Authorization =
        new("Bearer", _tokens.GetOrAdd(customerId, id => _signing.For(id, DateTime.UtcNow)));

    private async Task<HttpResponseMessage> GetAsync(string url, string customerId, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        Authorize(request, customerId);
        return await _http.SendAsync(request, cancellation);
    }

    private async Task<List<JsonElement>> ListAsync(string url, string customerId, CancellationToken cancellation)
    {
        using var answer = await GetAsync(url, customerId, cancellation);
        return (await answer.EnsureSuccessStatusCode().Content
            .ReadFromJsonAsync<List<JsonElement>>(cancellation))!;
    }

    public void Dispose()
    {
        _producer.Dispose();
        _http.Dispose();
    }
}
