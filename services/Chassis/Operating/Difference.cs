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
        return difference switch
        {
            (null, null) => null,
            ({ } has, null) => $"the service has {has}, which its events do not lead to.",
            (null, { } leadTo) => $"the events lead to {leadTo}, which the service does not have.",
            var (has, leadTo) => $"the service has {has}, and its events lead to {leadTo}.",
        };
    }
}
