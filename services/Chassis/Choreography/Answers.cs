using Checkout.Chassis.EventStore;
using Checkout.Chassis.State;
using NpgsqlTypes;

namespace Checkout.Chassis.Choreography;

/// <summary>
/// Steps whose events are in the store already. A store that was refilled from its topic has answers to events that its
/// handled does not know of: they come past again, and are written down, and nothing is told a second time.
/// </summary>
internal static class Answers
{
    /// <summary>Sets Answered of each work when the round trip answers.</summary>
    public static void Ask<TRows>(RoundTrip trip, IEnumerable<Work<TRows>> works)
    {
        var byId = new Dictionary<Guid, Work<TRows>>();
        foreach (var work in works)
        {
            work.Answered = 0;
            for (var i = 0; i < work.Tells.Count; i++)
                byId[EventIds.Following(work.Seed, work.Reaction, i)] = work;
        }
        if (byId.Count == 0) return;
        // Where there was no refill nothing is looked up.
        trip.Read(
            """
            SELECT e.event_id FROM unnest($1) AS k(id)
            CROSS JOIN LATERAL (SELECT t.event_id FROM events t WHERE t.event_id = k.id LIMIT 1) e
            WHERE EXISTS (SELECT FROM refills WHERE id > 0)
            """, row => byId[row.GetGuid(0)].Answered++, RoundTrip.Array(byId.Keys, NpgsqlDbType.Uuid));
    }
}
