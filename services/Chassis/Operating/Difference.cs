using Dapper;
using Npgsql;

namespace Checkout.Chassis.Operating;

/// <summary>How rows of state differ from those that the events lead to.</summary>
internal static class Difference
{
    /// <summary>The first, in a sentence; null where they are equal.</summary>
    public static async Task<string?> OfAsync(NpgsqlConnection connection, string live, string rebuilt)
    {
        var difference = await connection.QuerySingleAsync<(string? Live, string? Rebuilt)>(
            $"""
             WITH live AS (SELECT to_jsonb(t)::text AS row FROM {live} t),
             rebuilt AS (SELECT to_jsonb(t)::text AS row FROM {rebuilt} t)
             SELECT min(live.row), min(rebuilt.row) FROM live FULL JOIN rebuilt ON live.row = rebuilt.row
             WHERE live.row IS NULL OR rebuilt.row IS NULL
             """, commandTimeout: 0);
        return Sentence(difference.Live, difference.Rebuilt);
    }

    /// <param name="has">The row that is there, as text.</param>
    /// <param name="leadTo">The row that the events lead to.</param>
    public static string? Sentence(string? has, string? leadTo) => (has, leadTo) switch
    {
        (null, null) => null,
        (not null, null) => $"the service has {has}, which its events do not lead to.",
        (null, not null) => $"the events lead to {leadTo}, which the service does not have.",
        _ => $"the service has {has}, and its events lead to {leadTo}.",
    };
}
