using System.Security.Cryptography;
using Checkout.Chassis.WireFormat;
using Dapper;
using Npgsql;

namespace Checkout.Chassis.Refilling;

/// <summary>
/// Whether a store has the last events of its topic. Ids follow from the causes and not from the outcome, so an event
/// is known by its type and body too.
/// </summary>
internal static class StoreComparison
{
    /// <summary>What the store lacks or has other events for, in a sentence; null where it has them all.</summary>
    public static async Task<string?> BehindAsync(NpgsqlDataSource database, string topic,
        IReadOnlyList<TopicEvent> last, CancellationToken cancellation)
    {
        if (last.Count == 0) return null;
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var known = (await connection.QueryAsync<Row>(new CommandDefinition(
            """
            SELECT position AS "Position", event_id AS "EventId", type AS "Type",
                   sha256(substring(payload FROM @body)) AS "Hash"
            FROM events WHERE position = ANY(@positions)
            """, new { positions = last.Select(e => e.Position).ToArray(), body = SingleObject.HeaderBytes + 1 },
            cancellationToken: cancellation))).ToDictionary(row => row.Position);
        foreach (var e in last.OrderBy(e => e.Position))
        {
            var own = known.GetValueOrDefault(e.Position);
            if (own is not null && own.EventId == e.EventId && own.Type == e.Type
                && own.Hash.AsSpan().SequenceEqual(SHA256.HashData(e.Body.Span))) continue;
            return $"{topic}/{e.Partition} holds event {e.EventId} ({e.Type}) at position {e.Position}, and the store "
                + (own is null ? "has none there" : $"has {own.EventId} ({own.Type}) or another body there");
        }
        return null;
    }

    /// <summary>What mends it, as an operator runs it.</summary>
    /// <param name="service">Its name, as its program has it.</param>
    public static string CommandOf(string service) => $"dotnet Checkout.{char.ToUpperInvariant(service[0])}"
        + $"{service[1..]}.dll refill --who NAME --why TEXT (docs/operating.md, \"A lost or old database\")";

    private sealed record Row(long Position, Guid EventId, string Type, byte[] Hash);
}
