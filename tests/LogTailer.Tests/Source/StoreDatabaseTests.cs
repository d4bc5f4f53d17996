using Checkout.Fixtures;
using Xunit;

namespace Checkout.LogTailer.Tests;

public sealed class StoreDatabaseTests(PostgresFixture postgres)
{
    private const int Megabyte = 1 << 20;

    [Fact]
    public async Task A_page_is_bounded_by_bytes_too_and_pages_leave_nothing_out()
    {
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), partitions: 2);
        var body = new string('x', Megabyte);
        for (var i = 0; i < 20; i++) await store.AppendAsync(new Sample($"k{i}", Body: body), new Sample($"k{i}"));
        var chains = await store.ChainsAsync(2);
        foreach (int[] partitions in new int[][] { [0, 1], [0], [1] })
        {
            var pages = await PagesAsync(new StoreDatabase(store.Source), 40, partitions);
            Assert.All(pages, page => Assert.InRange(page.Sum(e => e.Payload.Length), 1,
                StoreDatabase.PageBytes + Megabyte));
            Assert.Equal(partitions.SelectMany(p => chains[p]).OrderBy(e => e.Position),
                pages.SelectMany(page => page).Select(e => (e.Position, e.EventId)));
        }
    }

    private static async Task<List<IReadOnlyList<StoredEvent>>> PagesAsync(
        StoreDatabase database, long through, int[] partitions)
    {
        var pages = new List<IReadOnlyList<StoredEvent>>();
        for (long after = 0; after < through;)
        {
            var page = await database.PageAsync(after, through, partitions, TestContext.Current.CancellationToken);
            Assert.True(page.Through > after);
            if (page.Events.Count > 0) pages.Add(page.Events);
            after = page.Through;
        }
        return pages;
    }
}
