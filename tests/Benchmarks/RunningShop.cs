using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using avatarstore.game;
using Checkout.Chassis.Identity;
using Checkout.Local;
using Checkout.Local.Demo;
using Npgsql;

namespace Checkout.Benchmarks;

/// <summary>
/// The whole system as deploy/Local runs it, in the configuration of this program, with customers who can buy much.
/// </summary>
internal sealed class RunningShop : IAsyncDisposable
{
    private const int Packages = 100;
    private const long Coins = 1_000_000_000;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200);

    private readonly ConcurrentDictionary<string, AuthenticationHeaderValue> _tokens = new();
    private readonly DevelopmentTokens _signing;
    private readonly string[] _customers;

    private RunningShop(LocalSystem system, string[] customers)
    {
        (System, _customers, _signing) = (system, customers, system.Addresses.Tokens());
        foreach (var customer in customers) Token(customer);
    }

    public LocalSystem System { get; }

    public HttpClient Http { get; } = new(new SocketsHttpHandler
    {
        MaxConnectionsPerServer = 4_000,
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(5),
    })
    { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>The broker that was found, to be said.</summary>
    public string Broker => System.Broker.Name;

    /// <param name="settings">Of the services, as environment.</param>
    /// <param name="observed">Whether the Observer runs beside.</param>
    public static async Task<RunningShop> OpenAsync(string folder, int customers, bool inMemory,
        IReadOnlyDictionary<string, string?> settings, CancellationToken cancel, bool observed = false)
    {
        var system = await LocalSystem.StartAsync(new()
        {
            Folder = folder,
            StorePort = 0,
            MayInstall = false,
            Observed = observed,
            InMemoryBroker = inMemory,
            Environment = settings,
        }, _ => { }, cancel);
        var names = Enumerable.Range(0, customers).Select(i => $"customer-{i}").ToArray();
        var shop = new RunningShop(system, names);
        await shop.FillAsync(folder, cancel);
        return shop;
    }

    /// <summary>The n-th of many purchases, of which nobody makes one twice for long.</summary>
    public (string Customer, string Sku) Purchase(int n) =>
        (_customers[n % _customers.Length], Sku(n / _customers.Length % Packages));

    public HttpRequestMessage Post(string customer, string sku, string key) => Authorized(new(HttpMethod.Post,
        $"{System.Addresses.Store}/checkouts")
    {
        Content = new StringContent($$"""{"sku":"{{sku}}"}""", Encoding.UTF8, "application/json"),
        Headers = { { "Idempotency-Key", key } },
    }, customer);

    public HttpRequestMessage Authorized(HttpRequestMessage request, string customer)
    {
        request.Headers.Authorization = Token(customer);
        return request;
    }

    public async Task<T> ScalarAsync<T>(string database, string sql, CancellationToken cancel)
    {
        await using var connection = await OpenAsync(database, cancel);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 120 };
        return (T)(await command.ExecuteScalarAsync(cancel))!;
    }

    public async Task<NpgsqlConnection> OpenAsync(string database, CancellationToken cancel)
    {
        var connection = new NpgsqlConnection(System.Postgres.ConnectionString(database));
        await connection.OpenAsync(cancel);
        return connection;
    }

    public static async Task UntilAsync(Func<Task<bool>> condition, CancellationToken cancel)
    {
        while (!await condition()) await Task.Delay(Poll, cancel);
    }

    /// <summary>The value of a metric of Store without labels of its own.</summary>
    public async Task<double> MetricAsync(string name, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{System.Addresses.Store}/metrics")
        { Headers = { Authorization = new("Bearer", _signing.For("benchmark", DateTime.UtcNow, "metrics")) } };
        using var answer = await Http.SendAsync(request, cancel);
        return double.Parse((await answer.Content.ReadAsStringAsync(cancel)).Split('\n')
            .First(line => line.StartsWith(name + "{", StringComparison.Ordinal)
                || line.StartsWith(name + " ", StringComparison.Ordinal)).Split(' ')[1],
            global::System.Globalization.CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await System.DisposeAsync();
    }

    private static string Sku(int n) => $"kind-{n}";

    private AuthenticationHeaderValue Token(string customer) =>
        _tokens.GetOrAdd(customer, who => new("Bearer", _signing.For(who, DateTime.UtcNow)));

    private async Task FillAsync(string folder, CancellationToken cancel)
    {
        var skus = Enumerable.Range(0, Packages).Select(Sku).ToList();
        await GiveAsync(folder, "store", "Store", "list-packages",
            skus.Select(sku => new { sku, name = sku, priceCoins = 1 }), cancel);
        await GiveAsync(folder, "inventory", "Inventory", "add-stock",
            skus.Select(sku => new { sku, quantity = 10_000_000, reference = "benchmark" }), cancel);
        using var game = new Game(System.Addresses);
        await Parallel.ForEachAsync(_customers, new ParallelOptions { MaxDegreeOfParallelism = 200 },
            async (customer, stop) => await game.TellAsync(new AchievementCompleted
            {
                EventId = Guid.CreateVersion7(),
                OccurredAt = DateTime.UtcNow,
                CustomerId = customer,
                AchievementId = "benchmark",
                Coins = Coins,
            }, customer, stop));
        await UntilAsync(async () => await ScalarAsync<long>("balance",
            "SELECT count(*) FROM accounts WHERE customer_id LIKE 'customer-%'", cancel) == _customers.Length, cancel);
    }

    private async Task GiveAsync(string folder, string database, string project, string command, object facts,
        CancellationToken cancel)
    {
        var file = Path.Combine(folder, $"{command}.json");
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(facts), cancel);
        await DemoData.RunAsync(System, database, project, [command, file], cancel);
    }
}
