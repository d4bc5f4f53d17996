using Checkout.Chassis.State;
using NpgsqlTypes;

namespace Checkout.Chassis.Inbox;

/// <summary>
/// The names of the reactions that any version of the service ever had. In a rolling deploy an older instance may be
/// given what only a newer one reacts to: it must not pass that over, since nobody would ever handle it.
/// </summary>
public static class Reactions
{
    /// <summary>
    /// Before this version reads its topics for the first time: from then on no other passes over what it reacts to.
    /// </summary>
    public static void Keep(RoundTrip trip, IReadOnlyCollection<(string Topic, string Type, string Name)> reactions) =>
        trip.Write(
            """
            INSERT INTO reactions (topic, type, name) SELECT topic, type, name FROM unnest($1, $2, $3)
                AS r(topic, type, name)
            ON CONFLICT DO NOTHING
            """,
            RoundTrip.Array(reactions.Select(r => r.Topic), NpgsqlDbType.Text),
            RoundTrip.Array(reactions.Select(r => r.Type), NpgsqlDbType.Text),
            RoundTrip.Array(reactions.Select(r => r.Name), NpgsqlDbType.Text));

    /// <summary>
    /// Those that are not retired, of these types of event and not of these names; there when the round trip is.
    /// </summary>
    public static IReadOnlyDictionary<(string Topic, string Type), string> Others(RoundTrip trip,
        IEnumerable<(string Topic, string Type)> of, IEnumerable<string> known)
    {
        var types = of.Distinct().ToList();
        var others = new Dictionary<(string, string), string>();
        if (types.Count > 0)
            trip.Read(
                """
                SELECT r.topic, r.type, r.name FROM unnest($1, $2) AS k(topic, type)
                CROSS JOIN LATERAL (
                    SELECT * FROM reactions t WHERE t.topic = k.topic AND t.type = k.type AND t.retired_at IS NULL) r
                WHERE r.name <> ALL($3)
                """, row => others[(row.GetString(0), row.GetString(1))] = row.GetString(2),
                RoundTrip.Array(types.Select(k => k.Topic), NpgsqlDbType.Text),
                RoundTrip.Array(types.Select(k => k.Type), NpgsqlDbType.Text),
                RoundTrip.Array(known, NpgsqlDbType.Text));
        return others;
    }

    /// <summary>Gives the topics among these with a reaction that is not retired and not of these names.</summary>
    public static void Lacking(RoundTrip trip, IEnumerable<string> topics, IEnumerable<string> known,
        Action<string> lacking) => trip.Read(
        """
        SELECT DISTINCT topic FROM reactions WHERE topic = ANY($1) AND retired_at IS NULL AND name <> ALL($2)
        """, row => lacking(row.GetString(0)), RoundTrip.Array(topics, NpgsqlDbType.Text),
        RoundTrip.Array(known, NpgsqlDbType.Text));

    /// <summary>No instance is to have it any more; what is due for its events is what others do.</summary>
    /// <param name="retired">Told of each row that was not retired before.</param>
    public static void Retire(RoundTrip trip, string name, string who, string why, Action<string> retired) => trip.Read(
        """
        UPDATE reactions SET retired_at = now(), who = $2, why = $3 WHERE name = $1 AND retired_at IS NULL
        RETURNING topic || ' ' || type
        """, row => retired(row.GetString(0)), RoundTrip.Value(name), RoundTrip.Value(who), RoundTrip.Value(why));
}
