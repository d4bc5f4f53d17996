using avatarstore.store;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.Edge;
using Checkout.Chassis.EventStore;
using Checkout.Store;
using Checkout.Store.Checkouts;
using Checkout.Store.Packages;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Checkout.Services.Tests;

/// <summary>Two instances of Store at once, on one database.</summary>
public sealed class TwoStoresTests(Databases databases)
{
    private const int Rounds = 60;
    private const int PostsEach = 4;
    private static readonly EventStoreOptions Options = new(StoreChoreography.Table.Topic, "/store/0", 12);
    private static readonly string[] Customers = ["c-1", "c-2", "c-3"];

    [Fact]
    public async Task Posts_with_one_key_at_once_at_both_are_one_checkout_for_each_customer_and_all_of_them_get_it()
    {
        var (database, _) = await databases.NewAsync("store");
        await Transactions(database).RunAsync([StoreChoreography.Table.WorkOf(
            new ListPackage("GORILLA", "Gorilla", 500), Guid.NewGuid())], TestContext.Current.CancellationToken);
        using GroupCommit<StoreRows> one = Edge(database), other = Edge(database);
        await Task.WhenAll(one.StartAsync(CancellationToken.None), other.StartAsync(CancellationToken.None));
        try
        {
            for (var round = 0; round < Rounds; round++)
            {
                var answers = await Task.WhenAll(
                    from edge in new[] { one, other }
                    from customer in Customers
                    from _ in Enumerable.Range(0, PostsEach)
                    select Task.Run(() => PostAsync(edge, customer, $"key-{round}")));
                foreach (var own in answers.GroupBy(answer => answer.Customer))
                {
                    Assert.Single(own.Select(answer => answer.CheckoutId).Distinct());
                    Assert.NotNull(own.First().CheckoutId);
                    Assert.Equal(PostOutcome.Created, Assert.Single(own.Select(answer => answer.Outcome),
                        outcome => outcome != PostOutcome.SameAsBefore));
                }
            }
        }
        finally
        {
            await Task.WhenAll(one.StopAsync(CancellationToken.None), other.StopAsync(CancellationToken.None));
        }
        await using var connection = await database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        Assert.Equal(Rounds * Customers.Length, await connection.QuerySingleAsync<int>(
            "SELECT count(*) FROM events WHERE type = @Type", new { Type = CheckoutCreated._SCHEMA.Fullname }));
    }

    private static async Task<(string Customer, PostOutcome Outcome, Guid? CheckoutId)> PostAsync(
        GroupCommit<StoreRows> edge, string customer, string key)
    {
        var post = new CreateCheckout(Guid.CreateVersion7(), customer, key, "GORILLA", DateTime.UtcNow,
            TimeSpan.FromMinutes(5), ExpectedPriceCoins: 500);
        var committed = await edge.SubmitAsync(post, post.CheckoutId, TestContext.Current.CancellationToken);
        var (outcome, checkoutId) = CheckoutDecisions.AnswerTo(committed.Rows, post);
        return (customer, outcome, checkoutId);
    }

    private static GroupCommit<StoreRows> Edge(NpgsqlDataSource database) => new(StoreChoreography.Table,
        Transactions(database), new(), NullLogger<GroupCommit<StoreRows>>.Instance);

    private static Transactions<StoreRows> Transactions(NpgsqlDataSource database) => new(StoreChoreography.Table,
        Options, database, TimeProvider.System, NullLogger<Transactions<StoreRows>>.Instance);
}
