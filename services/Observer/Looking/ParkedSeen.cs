using System.Text.Json.Nodes;
using Checkout.Chassis.Edge.Describing;
using Checkout.Chassis.Operating;
using Checkout.Chassis.State;
using Checkout.Observer.Asking;
using Checkout.Observer.Auditing;
using Npgsql;
using NpgsqlTypes;

namespace Checkout.Observer.Looking;

public sealed record ParkedLine(
    [property: Field("The service that could not handle it.", Example = "balance")] string Service,
    [property: Field("The topic it came from.", Example = "store.checkouts")] string Topic,
    [property: Field("Its position in its store.", Example = 17)] long Position,
    [property: Field("What it is; null where it was not read.", Example = "CheckoutCreated")] string? Event,
    [property: Field("Its fields; null where it was not read, or can't be decoded.")] JsonObject? Fields,
    [property: Field("Why it is parked.", Example = "deduct-coins threw ArgumentException")] string Reason,
    [property: Field("Whether what follows of its key waits for it.", Example = true)] bool Blocks,
    [property: Field("Since when.", Example = "2026-01-02T03:04:05.678901Z")] DateTime ParkedAt);

public sealed record ParkedSeenAnswer(
    [property: Field("Those of each service that are parked for longest; it is asked for all of them itself.")]
    IReadOnlyList<ParkedLine> Parked);

/// <summary>What services have parked, as they say it, with the events as they were read from the topics.</summary>
internal static class ParkedSeen
{
    public static async Task<ParkedSeenAnswer> ReadAsync(NpgsqlConnection connection, Processes processes,
        CancellationToken cancellation)
    {
        // Instances of a service share what is parked.
        var parked = processes.All.Select(asked => asked.Service).OfType<ProgressAnswer>()
            .DistinctBy(answer => answer.Service)
            .SelectMany(answer => answer.ParkedFirst.Select(at => (answer.Service, At: at))).ToList();
        var read = new Dictionary<(string, long), (string Name, JsonObject? Fields)>();
        var trip = new RoundTrip();
        trip.Read(
            """
            SELECT e.topic, e.position, e.type, e.fields::text FROM unnest($1, $2) AS k(topic, position)
            CROSS JOIN LATERAL (SELECT * FROM events t WHERE t.topic = k.topic AND t.position = k.position) e
            """,
            row => read[(row.GetString(0), row.GetInt64(1))] = (Told.NameOf(row.GetString(2)),
                Told.FieldsOf(row.IsDBNull(3) ? null : row.GetString(3))),
            RoundTrip.Array(parked.Select(p => p.At.Topic), NpgsqlDbType.Text),
            RoundTrip.Array(parked.Select(p => p.At.Position), NpgsqlDbType.Bigint));
        await trip.RunAsync(connection, cancellation);
        return new([.. parked.Select(p =>
        {
            var isRead = read.TryGetValue((p.At.Topic, p.At.Position), out var e);
            return new ParkedLine(p.Service, p.At.Topic, p.At.Position, isRead ? e.Name : null,
                isRead ? e.Fields?.DeepClone().AsObject() : null, p.At.Reason, p.At.Blocks, p.At.ParkedAt);
        })]);
    }
}
