using Checkout.Chassis.Edge.Describing;
using Checkout.Chassis.State;
using Checkout.Contracts;
using Checkout.Observer.Auditing;
using Checkout.Observer.Reading;
using Npgsql;

namespace Checkout.Observer.Looking;

public sealed record StatementLine(
    [property: Field("When.", Example = "2026-01-02T03:04:05.678901Z")] DateTime At,
    [property: Field("What happened.", Example = "BalanceCredited")] string Event,
    [property: Field("Coins that came in; below 0 those that went out.", Example = 500)] long Coins,
    [property: Field("The account after it.", Example = 1_500)] long BalanceCoins,
    [property: Field("Why coins came in.", Example = "DAILY_REWARD")] string? Cause,
    [property: Field("Which of that cause, support's own reference, or why coins were refused or came back.",
        Example = "2026-01-02")]
    string? Reference,
    [property: Field("The checkout that it belongs to.", Example = "01981c5e-8f6a-7c3b-9d2e-4f1a6b8c0d2e")]
    Guid? CheckoutId,
    [property: Field("Its position in Balance's store.", Example = 17)] long Position);

public sealed record CheckoutLine(
    [property: Field("Which checkout.", Example = "01981c5e-8f6a-7c3b-9d2e-4f1a6b8c0d2e")] Guid CheckoutId,
    [property: Field("What of.", Example = "gorilla")] string? Sku,
    [property: Field("For so many coins.", Example = 500)] long? PriceCoins,
    [property: Field("pending, funded, refundDue, completed, failed or refunded.", Example = "completed")] string State,
    [property: Field("The service whose event is due; null where it has ended.", Example = "balance")] string? WaitsFor,
    [property: Field("When its last event happened.", Example = "2026-01-02T03:04:05.678901Z")] DateTime LastAt);

public sealed record StatementAnswer(
    [property: Field("Whose.", Example = "player-1")] string CustomerId,
    [property: Field("Coins in and out, and the refusals between, in Balance's order.")]
    IReadOnlyList<StatementLine> Coins,
    [property: Field("after of the next page; null on the last one.", Example = 17)] long? Next,
    [property: Field("The newest checkouts, 100 at most.")] IReadOnlyList<CheckoutLine> Checkouts);

/// <summary>A customer's coins with their causes, and checkouts.</summary>
public static class Statement
{
    private const int MostCheckouts = 100;

    /// <summary>Null where nothing was read of the customer.</summary>
    public static async Task<StatementAnswer?> ReadAsync(NpgsqlConnection connection, string customerId, long after,
        int limit, CancellationToken cancellation)
    {
        List<SeenEvent> coins = [];
        List<CheckoutLine> checkouts = [];
        var trip = new RoundTrip();
        SeenEvent.OfCustomer(trip, customerId, Topics.BalanceAccounts, after, limit + 1, coins.Add);
        trip.Read(
            $"""
            SELECT {StoryRows.Columns} FROM checkouts WHERE customer_id = $1
            ORDER BY created_at DESC NULLS FIRST LIMIT {MostCheckouts}
            """, row => checkouts.Add(LineOf(StoryRows.Of(row))), RoundTrip.Value(customerId));
        await trip.RunAsync(connection, cancellation);
        if (coins.Count == 0 && checkouts.Count == 0 && after == 0) return null;
        return new(customerId, [.. coins.Take(limit).Select(Line).OfType<StatementLine>()],
            coins.Count > limit ? coins[limit - 1].Position : null, checkouts);
    }

    public static CheckoutLine LineOf(Story story) =>
        new(story.CheckoutId, story.Sku, story.PriceCoins, story.State, story.WaitsFor, story.LastAt);

    /// <summary>Null for what is no event of an account.</summary>
    private static StatementLine? Line(SeenEvent e)
    {
        var told = new Told(e.Topic, e.Partition, e.Position, null, e.EventId, e.Name, e.At, e.Fields);
        return FigureRules.OnAccount(told) is not { } account ? null
            : new(e.At, e.Name, account.Change, account.Says, told.Text("cause"),
                told.Text("reference") ?? told.Text("reason"), e.CheckoutId,
                e.Position);
    }
}
