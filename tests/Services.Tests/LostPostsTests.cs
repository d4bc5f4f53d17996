using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Store;
using Checkout.Store.Checkouts;
using Checkout.Store.Checkouts.Admitting;
using Checkout.Store.Packages;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Checkout.Services.Tests;

/// <summary>Store's database came back from its topic, on which no client's key is.</summary>
public sealed class LostPostsTests(Databases databases)
{
    [Fact]
    public async Task A_post_sent_again_after_its_key_was_lost_is_the_same_purchase_and_another_body_is_none()
    {
        var (database, _) = await databases.NewAsync("store");
        await RunAsync(database, new ListPackage("GORILLA", "Gorilla", 500));
        var first = Post("GORILLA");
        await RunAsync(database, first);
        await using var connection = await database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, await connection.ExecuteAsync("DELETE FROM posts"));

        foreach (var (again, outcome) in new[] { (Post("GORILLA"), PostOutcome.SameAsBefore),
            (Post("TIGER"), PostOutcome.KeyUsedForOther) })
            Assert.Equal((outcome, first.CheckoutId),
                CheckoutDecisions.AnswerTo(await RunAsync(database, again), again));
        // Also where posts are refused to others.
        Assert.True(await new KnownKeys(database).ContainsAsync(new(first.CustomerId, first.IdempotencyKey)));
        Assert.False(await new KnownKeys(database).ContainsAsync(new("another", first.IdempotencyKey)));
    }

    private static CreateCheckout Post(string sku) => new(Guid.CreateVersion7(), "c-1", "key-1", sku, DateTime.UtcNow,
        TimeSpan.FromMinutes(5), ExpectedPriceCoins: 500);

    private static Task<StoreRows> RunAsync<TCommand>(NpgsqlDataSource database, TCommand command)
        where TCommand : notnull =>
        new Transactions<StoreRows>(StoreChoreography.Table, new(StoreChoreography.Table.Topic, "/store/0", 12),
            database, TimeProvider.System, NullLogger<Transactions<StoreRows>>.Instance)
            .RunAsync([StoreChoreography.Table.WorkOf(command, Guid.CreateVersion7())],
                TestContext.Current.CancellationToken);
}
