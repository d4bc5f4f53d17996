using System.Globalization;
using System.Text.RegularExpressions;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Checkout.Local.Demo;
using Dapper;
using Npgsql;
using Xunit;

namespace Checkout.EndToEnd.Http;

/// <summary>
/// What a checkout costs the databases, by the metrics of the services' own client (Npgsql) and by PostgreSQL's count
/// of transactions.
/// </summary>
[Collection(SharedSystem.Collection)]
public sealed partial class RoundTripTests(SharedSystem shared)
{
    private const int Checkouts = 15;
    private const int MaxRoundTrips = 20;
    private const int MaxTransactions = 5;
    private static readonly TimeSpan ExporterCache = TimeSpan.FromMilliseconds(400);
    private static readonly string[] Services = ["store", "balance", "inventory"];

    private readonly TestSystem _system = shared.System;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_checkout_alone_costs_at_most_20_round_trips_in_5_transactions()
    {
        var customer = await _system.Game.NewAsync(coins: 1_000_000);
        var skus = Enumerable.Range(0, Checkouts).Select(i => $"lone-{i}-{customer}").ToArray();
        await _system.OfferAsync(skus.Select(sku => (sku, 1L, 1L)).ToArray());
        var before = await RoundTripsAsync();
        var transactions = new List<long>();
        foreach (var sku in skus)
        {
            var first = await TransactionsAsync();
            var checkout = await _system.Game.BuyAsync(customer, sku, sku, Cancel);
            // Without a look at the checkout, which would cost round trips of its own.
            await Eventually.Until(async () => await EndedAsync(checkout.CheckoutId), "the checkout has ended");
            transactions.Add(await TransactionsAsync() - first);
        }
        var roundTrips = (await RoundTripsAsync() - before) / (double)Checkouts;
        TestLog.Say($"a checkout alone: {roundTrips:F1} round trips to PostgreSQL; transactions: "
            + $"{string.Join(' ', transactions)}");
        Assert.InRange(roundTrips, 2, MaxRoundTrips);
        // Of half of them: now and then positions move of records that nothing was due for, in a transaction of their
        // own. On the in-memory broker they soon do.
        Assert.InRange(transactions.Order().ElementAt(Checkouts / 2), 1,
            MaxTransactions + (_system.Addresses.InMemoryBroker ? 2 : 0));
    }

    private async Task<long> RoundTripsAsync()
    {
        // The exporter may answer with what it had before.
        await Task.Delay(ExporterCache, Cancel);
        var trips = 0L;
        foreach (var service in Services)
            trips += Operations()
                .Matches((await Answer.GetAsAsync("metrics", $"{_system.Local.Url(service)}/metrics")).Text)
                .Sum(match => long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));
        return trips;
    }

    /// <summary>Of all databases of the server; those that only read are not counted.</summary>
    private Task<long> TransactionsAsync() =>
        QueryAsync<long>("store", "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint");

    private Task<bool> EndedAsync(Guid checkout) =>
        QueryAsync<bool>("store", "SELECT EXISTS (SELECT FROM checkouts WHERE checkout_id = @checkout AND ended_at "
            + "IS NOT NULL)", new { checkout });

    private async Task<T> QueryAsync<T>(string database, string sql, object? parameters = null)
    {
        await using var connection = new NpgsqlConnection(_system.Local.Postgres.ConnectionString(database));
        return (await connection.ExecuteScalarAsync<T>(
            new CommandDefinition(sql, parameters, cancellationToken: Cancel)))!;
    }

    /// <summary>Each is a command or a batch of them, which goes and is answered as one.</summary>
    [GeneratedRegex(@"^db_client_operation_duration_seconds_count\{.*\} (\d+)", RegexOptions.Multiline)]
    private static partial Regex Operations();
}
