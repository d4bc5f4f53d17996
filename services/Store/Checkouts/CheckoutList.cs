using System.Buffers;
using System.Buffers.Text;
using avatarstore.balance;
using Checkout.Chassis.Edge;
using Checkout.Chassis.Edge.Describing;
using Checkout.Chassis.Entrance;
using Checkout.Chassis.Identity;
using Dapper;
using Npgsql;

namespace Checkout.Store.Checkouts;

/// <summary>A checkout as the list has it; the whole story is at its own address.</summary>
public sealed record CheckoutSummary(
    [property: Field("The checkout's id.", Example = CheckoutExamples.Id)] Guid CheckoutId,
    [property: Field("What is bought.", Example = "gorilla")] string Sku,
    [property: Field(CheckoutExamples.Price, Most = ExactNumber.Max, Example = 500)] long PriceCoins,
    [property: Field(CheckoutExamples.State, Example = "pending")] string State,
    [property: Field(CheckoutExamples.Reason)] string? Reason,
    [property: Field("When it was posted.", Example = CheckoutExamples.Created)] DateTime CreatedAt,
    [property: Field("Whoever takes coins or assigns an avatar refuses after it.", Example = CheckoutExamples.Expires)]
    DateTime ExpiresAt,
    [property: Field(CheckoutExamples.Ended)] DateTime? EndedAt,
    [property: Field(CheckoutExamples.Overdue, Example = false)] bool Overdue);

public sealed record CheckoutPage(
    [property: Field("Newest first.")] IReadOnlyList<CheckoutSummary> Checkouts,
    [property: Field("The cursor of the next page; null on the last one.", Example = CheckoutExamples.Cursor)]
    string? Next);

/// <summary>
/// The customer's own checkouts, newest first. Ids begin with the time of the post, so a page begins below the id that
/// the page before ended with: what is posted meanwhile moves nothing.
/// </summary>
public sealed class CheckoutList(NpgsqlDataSource database, TimeProvider time)
{
    public const int DefaultLimit = 20;
    public const int MaxLimit = 100;

    private const int IdBytes = 16;

    /// <summary>One more than wanted, to know whether there is another page.</summary>
    public const string Sql =
        """
        SELECT checkout_id AS "CheckoutId", sku AS "Sku", price_coins AS "PriceCoins", status AS "Status",
               reason AS "Reason", created_at AS "CreatedAt", expires_at AS "ExpiresAt", ended_at AS "EndedAt",
               status = 'Pending' AND EXISTS (SELECT FROM observations AS heard
                   WHERE heard.checkout_id = checkouts.checkout_id AND heard.type = @funded) AS "IsFunded"
        FROM checkouts WHERE customer_id = @customerId AND checkout_id < @before
        ORDER BY checkout_id DESC LIMIT @limit
        """;

    public static void Map(WebApplication app) => app.MapRead("/checkouts", GetAsync).Describe(CheckoutOperations.List);

    private static async Task<IResult> GetAsync(HttpRequest request, Caller caller, CheckoutList list,
        CancellationToken cancellation)
    {
        var limit = QueryValue.NumberOf(request, "limit", least: 1, MaxLimit) ?? DefaultLimit;
        var before = QueryValue.Of(request, "cursor") is { } cursor ? IdOf(cursor) : Guid.AllBitsSet;
        var page = await list.ReadAsync(caller.Id, before, limit, cancellation).InTimeAsync(cancellation);
        if (page.Next is not null)
            request.HttpContext.Response.Headers.Link =
                $"</checkouts?limit={limit}&cursor={page.Next}>; rel=\"next\"";
        return TypedResults.Ok(page);
    }

    /// <param name="before">Of this customer's checkouts those that were posted before this one; it need be none of
    /// them.</param>
    public async Task<CheckoutPage> ReadAsync(string customerId, Guid before, int limit,
        CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var rows = (await connection.QueryAsync<ListedRow>(new CommandDefinition(Sql,
            new { customerId, before, limit = limit + 1, funded = BalanceDeducted._SCHEMA.Fullname },
            cancellationToken: cancellation))).ToList();
        var now = time.GetUtcNow().UtcDateTime;
        return new(rows.Take(limit).Select(row => row.Summary(now)).ToList(),
            rows.Count > limit ? CursorOf(rows[limit - 1].CheckoutId) : null);
    }

    private static string CursorOf(Guid id) => Base64Url.EncodeToString(id.ToByteArray(bigEndian: true));

    private static Guid IdOf(string cursor)
    {
        var bytes = new byte[IdBytes];
        // The last character has bits to spare: only as it was given.
        return Base64Url.DecodeFromChars(cursor, bytes, out _, out var count) == OperationStatus.Done
            && count == IdBytes && new Guid(bytes, bigEndian: true) is var id && CursorOf(id) == cursor
                ? id : throw ProblemTypes.QueryNotUnderstood.Refused(
                    "The parameter cursor is none that was given; take it from next, or from the header Link.");
    }

    private sealed record ListedRow(Guid CheckoutId, string Sku, long PriceCoins, string Status, string? Reason,
        DateTime CreatedAt, DateTime ExpiresAt, DateTime? EndedAt, bool IsFunded)
    {
        public CheckoutSummary Summary(DateTime now) => new(CheckoutId, Sku, PriceCoins,
            CheckoutStory.StateOf(Status, IsFunded), Reason, CreatedAt, ExpiresAt, EndedAt,
            Overdue: EndedAt is null && now > ExpiresAt);
    }
}
