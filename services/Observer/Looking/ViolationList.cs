using System.Text.Json.Nodes;
using Checkout.Chassis.Edge.Describing;
using Checkout.Chassis.Entrance;
using Checkout.Chassis.State;
using Npgsql;

namespace Checkout.Observer.Looking;

public sealed record ViolationAnswer(
    [property: Field("By which it is settled.", Example = 1)] long Id,
    [property: Field("What kind of thing can't be.", Example = "balance-does-not-follow")] string Kind,
    [property: Field("What it is about.", Example = "player-1 at 17")] string Subject,
    [property: Field("In a sentence.",
        Example = "player-1 had 1500, BalanceDeducted changes it by -500, and says 1200.")] string What,
    [property: Field("When it was found.", Example = "2026-01-02T03:04:05.678901Z")] DateTime FirstAt,
    [property: Field("How often it was found.", Example = 1)] long Times,
    [property: Field("The events that show it, decoded, as they were when it was found.")]
    IReadOnlyList<JsonObject> Events,
    [property: Field("When it was settled; null while it is open.", Example = "2026-01-02T04:04:05.678901Z")]
    DateTime? SettledAt,
    [property: Field("By whom.", Example = "sre-1")] string? Who,
    [property: Field("Why it is settled.", Example = "the forged record of the drill")] string? Why);

public sealed record ViolationPage(
    [property: Field("Open ones first, the oldest first.")] IReadOnlyList<ViolationAnswer> Violations);

public sealed record SettlingRequest(
    [property: Field("Why it is settled; kept, with the sub of the token.", Pattern = PlainText.Pattern,
        MaxLength = PlainText.MaxLength, Example = "the forged record of the drill")] string Why);

/// <summary>What can't be, and was found; and how it is settled.</summary>
public static class ViolationList
{
    private const string Columns = "id, kind, subject, what, first_at, times, events::text, settled_at, who, why";

    public static async Task<ViolationPage> ReadAsync(NpgsqlConnection connection, int limit,
        CancellationToken cancellation)
    {
        List<ViolationAnswer> found = [];
        var trip = new RoundTrip();
        trip.Read($"SELECT {Columns} FROM violations ORDER BY settled_at IS NOT NULL, id LIMIT $1",
            row => found.Add(Of(row)), RoundTrip.Value(limit));
        await trip.RunAsync(connection, cancellation);
        return new(found);
    }

    /// <summary>Null where there is none of this id. One that is settled stays as it was settled first.</summary>
    public static async Task<ViolationAnswer?> SettleAsync(NpgsqlConnection connection, long id, string who, string why,
        DateTime now, CancellationToken cancellation)
    {
        ViolationAnswer? settled = null;
        var trip = new RoundTrip();
        trip.Write("UPDATE violations SET settled_at = $2, who = $3, why = $4 WHERE id = $1 AND settled_at IS NULL",
            RoundTrip.Value(id), RoundTrip.Value(now), RoundTrip.Value(who), RoundTrip.Value(why));
        trip.Read($"SELECT {Columns} FROM violations WHERE id = $1", row => settled = Of(row), RoundTrip.Value(id));
        await trip.RunAsync(connection, cancellation);
        return settled;
    }

    private static ViolationAnswer Of(NpgsqlDataReader row) => new(row.GetInt64(0), row.GetString(1), row.GetString(2),
        row.GetString(3), row.GetDateTime(4), row.GetInt64(5),
        [.. JsonNode.Parse(row.GetString(6))!.AsArray().Select(e => e!.DeepClone().AsObject())],
        row.IsDBNull(7) ? null : row.GetDateTime(7), row.IsDBNull(8) ? null : row.GetString(8),
        row.IsDBNull(9) ? null : row.GetString(9));
}
