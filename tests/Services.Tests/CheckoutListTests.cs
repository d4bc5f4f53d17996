using System.Diagnostics;
using Checkout.Store.Checkouts;
using Dapper;
using Npgsql;
using Xunit;

namespace Checkout.Services.Tests;

public sealed class CheckoutListTests(Databases databases)
{
    private const int Many = 10_000;
    private static readonly TimeSpan AllPages = TimeSpan.FromSeconds(10);
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Ten_thousand_checkouts_of_one_customer_are_paged_each_once_and_newest_first()
    {
        var (list, connection) = await NewAsync();
        await using var _ = connection;
        var ids = await PostAsync(connection, "c-1", Many);
        await PostAsync(connection, "c-2", Many);
        var watch = Stopwatch.StartNew();
        var pages = await PagesAsync(list, "c-1", CheckoutList.MaxLimit);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, AllPages);
        Assert.Equal(ids, pages.SelectMany(page => page.Checkouts).Select(checkout => checkout.CheckoutId));
        Assert.Equal(Many / CheckoutList.MaxLimit, pages.Count);
    }

    [Fact]
    public async Task A_page_is_read_from_the_index_of_its_customer_in_its_order()
    {
        var (_, connection) = await NewAsync();
        await using var open = connection;
        await PostAsync(connection, "c-1", Many);
        await PostAsync(connection, "c-2", Many);
        await connection.ExecuteAsync("ANALYZE checkouts");
        var plan = string.Join('\n', await connection.QueryAsync<string>($"EXPLAIN {CheckoutList.Sql}",
            new { customerId = "c-1", before = Guid.AllBitsSet, limit = 101, funded = "BalanceDeducted" }));
        Assert.Contains("Index Scan Backward using checkouts_of_a_customer", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Sort", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Seq Scan on checkouts", plan, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_posted_between_two_pages_moves_nothing()
    {
        var (list, connection) = await NewAsync();
        await using var _ = connection;
        var ids = await PostAsync(connection, "c-1", 25);
        var first = await ReadAsync(list, "c-1", Guid.AllBitsSet, 10);
        await PostAsync(connection, "c-1", 5, Start.AddDays(1));
        var second = await ReadAsync(list, "c-1", first.Checkouts[^1].CheckoutId, 10);
        Assert.Equal(ids.Take(20), first.Checkouts.Concat(second.Checkouts).Select(c => c.CheckoutId));
        Assert.NotNull(second.Next);
        Assert.Null((await ReadAsync(list, "c-1", second.Checkouts[^1].CheckoutId, 10)).Next);
    }

    [Fact]
    public async Task A_place_in_the_list_of_another_customer_shows_nothing_of_theirs()
    {
        var (list, connection) = await NewAsync();
        await using var _ = connection;
        var theirs = await PostAsync(connection, "c-1", 5);
        var own = await PostAsync(connection, "c-2", 3, Start.AddDays(-1));
        var page = await ReadAsync(list, "c-2", theirs[1], 10);
        Assert.Equal(own, page.Checkouts.Select(c => c.CheckoutId));
        Assert.Null(page.Next);
        Assert.Empty((await ReadAsync(list, "c-3", theirs[1], 10)).Checkouts);
    }

    [Fact]
    public async Task The_list_says_the_same_state_as_the_checkout_itself()
    {
        var (list, connection) = await NewAsync();
        await using var _ = connection;
        var ids = await PostAsync(connection, "c-1", 5);
        await connection.ExecuteAsync(
            """
            INSERT INTO observations
            VALUES (gen_random_uuid(), @funded, 'avatarstore.balance.BalanceDeducted', '', now());
            UPDATE checkouts SET status = 'Completed', ended_at = now() WHERE checkout_id = @completed;
            UPDATE checkouts SET status = 'Failed', reason = 'EXPIRED', ended_at = now() WHERE checkout_id = @failed;
            UPDATE checkouts SET status = 'RefundDue', reason = 'SOLD_OUT' WHERE checkout_id = @due;
            """, new { funded = ids[0], completed = ids[1], failed = ids[2], due = ids[3] });
        var listed = (await ReadAsync(list, "c-1", Guid.AllBitsSet, 10)).Checkouts;
        Assert.Equal(["funded", "completed", "failed", "refundDue", "pending"], listed.Select(c => c.State));
        await using var database = NpgsqlDataSource.Create(connection.ConnectionString);
        var queries = new CheckoutQueries(database, new(0), TimeProvider.System);
        foreach (var one in listed)
        {
            var view = await queries.FindAsync(one.CheckoutId, "c-1", TestContext.Current.CancellationToken);
            Assert.Equal((view!.State, view.Reason, view.Overdue, view.EndedAt),
                (one.State, one.Reason, one.Overdue, one.EndedAt));
        }
    }

    private static async Task<IReadOnlyList<CheckoutPage>> PagesAsync(CheckoutList list, string customer, int limit)
    {
        var pages = new List<CheckoutPage>();
        do
        {
            var before = pages.Count == 0 ? Guid.AllBitsSet : pages[^1].Checkouts[^1].CheckoutId;
            pages.Add(await ReadAsync(list, customer, before, limit));
        } while (pages[^1].Next is not null);
        return pages;
    }

    private static Task<CheckoutPage> ReadAsync(CheckoutList list, string customer, Guid before, int limit) =>
        list.ReadAsync(customer, before, limit, TestContext.Current.CancellationToken);

    private async Task<(CheckoutList List, NpgsqlConnection Connection)> NewAsync()
    {
        var (database, _) = await databases.NewAsync("store");
        return (new(database, TimeProvider.System),
            await database.OpenConnectionAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>A second apart; the newest is the first of the answer.</summary>
    private static async Task<List<Guid>> PostAsync(NpgsqlConnection connection, string customer, int count,
        DateTimeOffset? first = null)
    {
        var times = Enumerable.Range(0, count).Select(i => (first ?? Start).AddSeconds(i)).ToArray();
        var ids = times.Select(Guid.CreateVersion7).ToArray();
        await connection.ExecuteAsync(
            """
            INSERT INTO checkouts (checkout_id, customer_id, sku, price_coins, created_at, expires_at, status)
            SELECT id, @customer, 'GORILLA', 500, at, at, 'Pending' FROM unnest(@ids, @times) AS posts (id, at)
            """, new { customer, ids, times = times.Select(time => time.UtcDateTime).ToArray() });
        return [.. ids.Reverse()];
    }
}
