using Checkout.Chassis.Choreography;
using Checkout.Chassis.Edge;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Refilling;
using Checkout.Chassis.State;
using Checkout.Chassis.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Npgsql;

namespace Checkout.Chassis.Operating;

/// <param name="Position">Of the store's last event.</param>
public sealed record HeadProgress(long Position);

/// <param name="Position">Of the last record handled; on a topic without a chain the offset behind it.</param>
public sealed record HandledProgress(string Topic, int Partition, long Position);

/// <param name="Oldest">When the oldest was parked, UTC.</param>
public sealed record ParkedProgress(string Topic, long Count, DateTime Oldest);

/// <summary>An event that is parked.</summary>
/// <param name="Blocks">Whether what follows of its key waits for it.</param>
public sealed record ParkedAtProgress(string Topic, long Position, string Reason, bool Blocks, DateTime ParkedAt);

/// <summary>How far the state has been compared with the events.</summary>
/// <param name="Difference">Null where there is none.</param>
public sealed record ComparisonProgress(long Position, DateTime At, string? Difference);

/// <summary>Positions that no event has or will have, as the last refill of the store found them.</summary>
/// <param name="Last">The last of them, itself too.</param>
/// <param name="RefilledAt">When that refill ended, UTC.</param>
public sealed record LostProgress(long First, long Last, string Who, string Why, DateTime RefilledAt);

/// <summary>
/// How far a service is: GET /internal/progress, where /metrics is. With ?topic= and ?position= it says whether that
/// event is parked.
/// </summary>
/// <param name="ParkedFirst">The events that are parked for longest, 20 at most.</param>
/// <param name="Comparison">Null where nothing is compared.</param>
/// <param name="Lost">In their order; null where the service does not say.</param>
/// <param name="BehindTopic">Whether the topic has events that the store lacks; null where that is not known.</param>
public sealed record ProgressAnswer(string Service, string Source, string Topic, HeadProgress Head,
    IReadOnlyList<HandledProgress> Handled, IReadOnlyList<ParkedProgress> Parked,
    IReadOnlyList<ParkedAtProgress> ParkedFirst, ParkedAtProgress? ParkedAt,
    ComparisonProgress? Comparison = null, bool? BehindTopic = null, IReadOnlyList<LostProgress>? Lost = null);

/// <summary>Answers with it, in one round trip.</summary>
internal static class ServiceProgress<TRows>
{
    private const int MostParked = 20;
    private const int MostLost = 1_000;

    public static void Map(WebApplication app, string? metricsPolicy) => app.MapProgress(metricsPolicy,
        async (HttpRequest request, Choreography<TRows> choreography, EventStoreOptions store, StoreWatch watch,
            StateComparison<TRows> comparison, NpgsqlDataSource database, CancellationToken cancellation) =>
            (await database.AskAsync(connection => ReadAsync(connection, choreography, store,
                QueryValue.Of(request, "topic"), QueryValue.NumberOf(request, "position", least: 0, int.MaxValue),
                cancellation), cancellation)) with
            { Comparison = comparison.Progress, BehindTopic = watch.IsBehind });

    internal static async Task<ProgressAnswer> ReadAsync(NpgsqlConnection connection,
        Choreography<TRows> choreography, EventStoreOptions store, string? topic, long? position,
        CancellationToken cancellation)
    {
        var (head, handled, parked) = (0L, new List<HandledProgress>(), new List<ParkedProgress>());
        ParkedAtProgress? at = null;
        var first = new List<ParkedAtProgress>();
        var trip = new RoundTrip();
        trip.Read("SELECT position FROM head", row => head = row.GetInt64(0));
        trip.Read("SELECT topic, partition, position FROM handled ORDER BY topic, partition",
            row => handled.Add(new(row.GetString(0), row.GetInt32(1), row.GetInt64(2))));
        Inbox.Parked.ByTopic(trip, (of, count, oldest) => parked.Add(new(of, count, oldest)));
        trip.Read($"SELECT topic, position, reason, blocks, parked_at FROM parked ORDER BY id LIMIT {MostParked}",
            row => first.Add(ParkedAt(row)));
        // Each refill looks at all of the store, so that the last knows of all.
        var lost = new List<LostProgress>();
        trip.Read(
            $"""
            SELECT lower(range), upper(range) - 1, who, why, ended_at
            FROM (SELECT who, why, ended_at, lost FROM refills WHERE ended_at IS NOT NULL ORDER BY id DESC LIMIT 1) r,
                unnest(r.lost::int8multirange) AS range
            ORDER BY 1 LIMIT {MostLost}
            """, row => lost.Add(new(row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.GetString(3),
                row.GetDateTime(4))));
        if (topic is not null && position is { } asked)
            // All partitions have one chain, where there is one.
            trip.Read(
                """
                SELECT topic, position, reason, blocks, parked_at FROM parked WHERE topic = $1 AND position = $2
                ORDER BY id LIMIT 1
                """, row => at = ParkedAt(row),
                RoundTrip.Value(topic.Replace('\0', '\uFFFD')), RoundTrip.Value(asked));
        await trip.RunAsync(connection, cancellation);
        return new(choreography.Service, store.Source, store.Topic, new(head), handled, parked, first, at, Lost: lost);
    }

    private static ParkedAtProgress ParkedAt(NpgsqlDataReader row) =>
        new(row.GetString(0), row.GetInt64(1), row.GetString(2), row.GetBoolean(3), row.GetDateTime(4));
}
