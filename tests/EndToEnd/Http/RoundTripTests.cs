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
            var checkout = await _system.Game.BuyAsync(customer, sku, sku, Cancel);
            // Without a look at the checkout, which would cost round trips of its own.
            await Eventually.Until(async () => await EndedAsync(checkout.CheckoutId), "the checkout has ended");
            transactions.Add(await TransactionsAsync(checkout.CheckoutId));
        }
        var roundTrips = (await RoundTripsAsync() - before) / (double)Checkouts;
        TestLog.Say($"a checkout alone: {roundTrips:F1} round trips to PostgreSQL; transactions: "
            + $"{string.Join(' ', transactions)}");
        Assert.InRange(roundTrips, 2, MaxRoundTrips);
        Assert.All(transactions, count => Assert.InRange(count, 1, MaxTransactions));
    }

    private async Task<long> RoundTripsAsync()
    {
        // The exporter may answer with what it had before.
        await Task.Delay(ExporterCache, Cancel);
        var trips = 0L;
        foreach (var service in Services)
            trips += Operations()
                .Matches((await Answer.GetAsAsync("metrics", $"{_system.Local.Url(service)}/metrics")).Text)
                // What compares rows with events is a client of its own.
                .Where(match => match.Value.Contains($"pool_name=\"{service}\"", StringComparison.Ordinal))
                .Sum(match => long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));
        return trips;
    }

    /// <summary>Those that wrote a row of its story: events, and what Store heard.</summary>
    private async Task<long> TransactionsAsync(Guid checkout)
    {
        var count = 0L;
        foreach (var service in Services)
        {
            var heard = service == "store"
                ? "UNION ALL SELECT xmin::text FROM observations WHERE checkout_id = @checkout" : "";
            count += await QueryAsync<long>(service,
                $"""
                SELECT count(DISTINCT xmin) FROM (
                    SELECT xmin::text FROM events WHERE correlation_id = @checkout::text {heard}) AS written
                """, new { checkout });
        }
        return count;
    }

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
