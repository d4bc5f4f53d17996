using avatarstore.balance;
using Checkout.Balance;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.Edge;
using Checkout.Chassis.EventStore;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Checkout.Services.Tests;

/// <summary>Two instances of Balance at once, on one database.</summary>
public sealed class TwoBalancesTests(Databases databases)
{
    private const int Rounds = 60;
    private const int RequestsEach = 4;
    private static readonly EventStoreOptions Options = new(BalanceChoreography.Table.Topic, "/balance/0", 12);
    private static readonly string[] Customers = ["c-1", "c-2", "c-3"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>An instance decides on what it has read; what two have read at once meets in the database.</summary>
    [Fact]
    public async Task Compensations_of_one_checkout_and_reference_at_once_at_both_are_given_once()
    {
        var (database, _) = await databases.NewAsync("balance");
        using GroupCommit<BalanceRows> one = Edge(database), other = Edge(database);
        await Task.WhenAll(one.StartAsync(CancellationToken.None), other.StartAsync(CancellationToken.None));
        try
        {
            for (var round = 0; round < Rounds; round++)
            {
                // In some rounds the first coins open the accounts: then no row is there that could be locked.
                var checkouts = Customers.ToDictionary(customer => $"{customer}-{round / 3}", _ => Guid.NewGuid());
                var given = await Task.WhenAll(
                    from edge in new[] { one, other }
                    from checkout in checkouts
                    from _ in Enumerable.Range(0, RequestsEach)
                    select Task.Run(() => GiveAsync(edge, checkout.Value, checkout.Key)));
                // One that was told to send it again may have given it before.
                Assert.InRange(given.Sum(), 0, Customers.Length);
            }
        }
        finally
        {
            await Task.WhenAll(one.StopAsync(CancellationToken.None), other.StopAsync(CancellationToken.None));
        }
        await using var connection = await database.OpenConnectionAsync(Cancel);
        Assert.Equal(Rounds * Customers.Length, await connection.QuerySingleAsync<int>(
            "SELECT count(*) FROM events WHERE type = @Type", new { Type = CompensationGranted._SCHEMA.Fullname }));
        Assert.Equal(5 * Rounds * Customers.Length, await connection.QuerySingleAsync<int>(
            "SELECT sum(coins) FROM accounts"));
    }

    private static async Task<int> GiveAsync(GroupCommit<BalanceRows> edge, Guid checkout, string customer)
    {
        var grant = new GrantCompensation(checkout, customer, 5, "ticket", "support", "late");
        while (true)
            try
            {
                return (await edge.SubmitAsync(grant, grant.ToWork().Seed, Cancel)).Events.Count;
            }
            catch (TimeoutException)
            {
                // "Send it again": the machine is busy.
            }
    }

    private static GroupCommit<BalanceRows> Edge(NpgsqlDataSource database) => new(BalanceChoreography.Table,
        new Transactions<BalanceRows>(BalanceChoreography.Table, Options, database, TimeProvider.System,
            NullLogger<Transactions<BalanceRows>>.Instance), new(), NullLogger<GroupCommit<BalanceRows>>.Instance);
}
