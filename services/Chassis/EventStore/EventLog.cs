using Checkout.Chassis.WireFormat;
using Npgsql;
using NpgsqlTypes;

namespace Checkout.Chassis.EventStore;

/// <summary>The append-only side of the event store. DDL and the numbering itself: Migrations/0001_event_store.sql.</summary>
public static class EventLog
{
    /// <summary>
    /// Appends in the given order, in the transaction of the connection. Takes the head's row, which every other append then waits for: call it last, then commit.
    /// Never ON CONFLICT: an event id that is there already is a second answer and fails (23505, an_event_happens_once).
    /// </summary>
    public static async Task AppendAsync(NpgsqlConnection connection, IReadOnlyList<NewEvent> events, CancellationToken cancellation)
    {
        if (events.Count == 0) return;
        await using var append = new NpgsqlCommand("SELECT append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)", connection);
        append.Parameters.Add(Array(events, e => e.EventId, NpgsqlDbType.Uuid));
        append.Parameters.Add(Array(events, e => e.Key, NpgsqlDbType.Text));
        append.Parameters.Add(Array(events, e => Murmur2.Hash(e.Key), NpgsqlDbType.Integer));
        append.Parameters.Add(Array(events, e => e.Type, NpgsqlDbType.Text));
        append.Parameters.Add(Array(events, e => e.OccurredAt, NpgsqlDbType.TimestampTz));
        append.Parameters.Add(Array(events, e => e.CorrelationId, NpgsqlDbType.Text));
        append.Parameters.Add(Array(events, e => e.CausationId, NpgsqlDbType.Uuid));
        append.Parameters.Add(Array(events, e => e.TraceParent, NpgsqlDbType.Text));
        append.Parameters.Add(Array(events, e => e.TraceState, NpgsqlDbType.Text));
        append.Parameters.Add(Array(events, e => e.Payload, NpgsqlDbType.Bytea));
        await append.ExecuteScalarAsync(cancellation);
    }

    private static NpgsqlParameter Array<T>(IReadOnlyList<NewEvent> events, Func<NewEvent, T> column, NpgsqlDbType type)
    {
        var values = new T[events.Count];
        for (var i = 0; i < values.Length; i++) values[i] = column(events[i]);
        return new NpgsqlParameter { Value = values, NpgsqlDbType = NpgsqlDbType.Array | type };
    }
}
