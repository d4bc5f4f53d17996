using Checkout.Chassis.State;
using Checkout.Chassis.WireFormat;
using Npgsql;
using NpgsqlTypes;

namespace Checkout.Chassis.EventStore;

/// <summary>
/// The append-only side of the event store. DDL and the numbering itself: Migrations/0001_event_store.sql.
/// </summary>
public static class EventLog
{
    /// <summary>
    /// Appends in the given order. Takes the head's row, which every other append then waits for: add it last, and let
    /// nothing but the commit follow. Never ON CONFLICT: an event id that is there already is a second answer and fails
    /// (23505, an_event_happens_once).
    /// </summary>
    /// <param name="behind">Told behind which position they are.</param>
    public static void Append(RoundTrip trip, IReadOnlyList<NewEvent> events, Action<long>? behind = null)
    {
        if (events.Count == 0) return;
        trip.Read("SELECT append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            row => behind?.Invoke(row.GetInt64(0)),
            RoundTrip.Array(events.Select(e => e.EventId), NpgsqlDbType.Uuid),
            RoundTrip.Array(events.Select(e => e.Key), NpgsqlDbType.Text),
            RoundTrip.Array(events.Select(e => Murmur2.Hash(e.Key)), NpgsqlDbType.Integer),
            RoundTrip.Array(events.Select(e => e.Type), NpgsqlDbType.Text),
            RoundTrip.Array(events.Select(e => e.OccurredAt), NpgsqlDbType.TimestampTz),
            RoundTrip.Array(events.Select(e => e.CorrelationId), NpgsqlDbType.Text),
            RoundTrip.Array(events.Select(e => e.CausationId), NpgsqlDbType.Uuid),
            RoundTrip.Array(events.Select(e => e.TraceParent), NpgsqlDbType.Text),
            RoundTrip.Array(events.Select(e => e.TraceState), NpgsqlDbType.Text),
            RoundTrip.Array(events.Select(e => e.Payload), NpgsqlDbType.Bytea));
    }

    /// <summary>Appends in a round trip of its own, in the transaction that is open or in one of its own.</summary>
    public static Task AppendAsync(NpgsqlConnection connection, IReadOnlyList<NewEvent> events,
        CancellationToken cancellation)
    {
        if (events.Count == 0) return Task.CompletedTask;
        var trip = new RoundTrip();
        Append(trip, events);
        return trip.RunAsync(connection, cancellation);
    }
}
