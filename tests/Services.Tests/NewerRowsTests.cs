using Checkout.Store.Checkouts;
using Dapper;
using Xunit;

namespace Checkout.Services.Tests;

/// <summary>Rows that a newer version has written, read by this one.</summary>
public sealed class NewerRowsTests(Databases databases)
{
    [Theory]
    [InlineData(null, "Store: an instance of its newer version, which knows this state")]
    [InlineData("2026-01-02T00:00:00Z", null)]
    public async Task A_checkout_in_a_state_and_for_a_reason_that_only_a_newer_version_knows_is_shown_by_its_names(
        string? endedAt, string? waitingFor)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var (database, _) = await databases.NewAsync("store");
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var id = Guid.NewGuid();
        // As its migration would have it.
        await connection.ExecuteAsync("""
            ALTER TABLE checkouts DROP CONSTRAINT status_is_known, DROP CONSTRAINT a_checkout_ends_once;
            INSERT INTO checkouts VALUES
                (@id, 'c-1', 'GORILLA', 500, now(), now(), 'OnHold', 'UNDER_AGE', @endedAt::timestamptz);
            """, new { id, endedAt });
        var view = await new CheckoutQueries(database, new(0), TimeProvider.System).FindAsync(id, "c-1", cancellation);
        Assert.Equal(("onHold", "UNDER_AGE", waitingFor), (view!.State, view.Reason, view.WaitingFor));
    }
}
