using Checkout.Chassis.State;
using Checkout.Observer.Auditing;
using Npgsql;

namespace Checkout.Observer.Looking;

/// <summary>An event as it was read, for people.</summary>
/// <param name="Type">Its full name.</param>
/// <param name="Source">The store, such as /balance/0.</param>
public sealed record SeenEvent(string Topic, long Position, int Partition, Guid EventId, string Type, string Source,
    DateTime At, DateTime ReadAt, Guid? CheckoutId, Guid? CauseId, string? TraceParent,
    System.Text.Json.Nodes.JsonObject? Fields)
{
    private const string Columns = "topic, position, partition, event_id, type, source, occurred_at, read_at, "
        + "checkout_id, cause_id, trace_parent, fields::text";

    public string Name => Told.NameOf(Type);

    /// <summary>Such as balance.</summary>
    public string Service => Source.Split('/', StringSplitOptions.RemoveEmptyEntries) is [var service, ..] ? service
        : Source;

    /// <summary>Of the W3C's trace context; null where it has none.</summary>
    public string? TraceId => TraceParent?.Split('-') is [_, { Length: 32 } id, ..] ? id : null;

    public static void OfCheckout(RoundTrip trip, Guid checkoutId, int most, Action<SeenEvent> found) => trip.Read(
        $"SELECT {Columns} FROM events WHERE checkout_id = $1 ORDER BY read_at, topic, position LIMIT $2",
        row => found(Of(row)), RoundTrip.Value(checkoutId), RoundTrip.Value(most));

    /// <summary>
    /// Those of a customer on a topic, in the order of its positions; of one partition, as the key is.
    /// </summary>
    public static void OfCustomer(RoundTrip trip, string customerId, string topic, long after, int most,
        Action<SeenEvent> found) => trip.Read(
        $"""
        SELECT {Columns} FROM events WHERE customer_id = $1 AND topic = $2 AND position > $3
        ORDER BY position LIMIT $4
        """, row => found(Of(row)), RoundTrip.Value(customerId), RoundTrip.Value(topic), RoundTrip.Value(after),
        RoundTrip.Value(most));

    private static SeenEvent Of(NpgsqlDataReader row) => new(row.GetString(0), row.GetInt64(1), row.GetInt32(2),
        row.GetGuid(3), row.GetString(4), row.GetString(5), row.GetDateTime(6), row.GetDateTime(7),
        row.IsDBNull(8) ? null : row.GetGuid(8), row.IsDBNull(9) ? null : row.GetGuid(9),
        row.IsDBNull(10) ? null : row.GetString(10), Told.FieldsOf(row.IsDBNull(11) ? null : row.GetString(11)));
}
