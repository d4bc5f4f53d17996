using Checkout.Chassis.State;
using Checkout.Observer.Auditing;
using NpgsqlTypes;

namespace Checkout.Observer.Reading;

/// <summary>The audit's rows within one transaction: what a batch is about is read, judged and written.</summary>
internal sealed class StoredAudit(TimeSpan clockTolerance)
{
    private readonly Audit _audit = new(clockTolerance);
    private readonly HashSet<(string, string)> _onceBefore = [];

    public List<Finding> Findings => _audit.Findings;

    public void Hear(Told told, long passed) => _audit.Hear(told, passed);

    public static implicit operator Audit(StoredAudit stored) => stored._audit;

    public void Load(RoundTrip trip, IReadOnlyList<Told> about)
    {
        StoryRows.Read(trip, about.Where(told => CheckoutRules.StepOf(told.Name) != Steps.None)
            .Select(told => told.CheckoutId).OfType<Guid>(), story => _audit.Stories[story.CheckoutId] = story);
        Figures(trip, "accounts", "customer_id", "balance_coins",
            about.Select(told => FigureRules.OnAccount(told)?.Of).OfType<string>(), _audit.Accounts);
        Figures(trip, "stock", "sku", "available",
            about.Select(told => FigureRules.OnStock(told)?.Of).OfType<string>(), _audit.Stock);
        var once = about.Select(FigureRules.Once).OfType<(string What, string Key)>().Distinct().ToList();
        if (once.Count == 0) return;
        trip.Read(
            """
            SELECT o.what, o.key, o.position FROM unnest($1, $2) AS k(what, key)
            CROSS JOIN LATERAL (SELECT * FROM once t WHERE t.what = k.what AND t.key = k.key) o
            """,
            row =>
            {
                _audit.Once[(row.GetString(0), row.GetString(1))] = row.GetInt64(2);
                _onceBefore.Add((row.GetString(0), row.GetString(1)));
            }, RoundTrip.Array(once.Select(o => o.What), NpgsqlDbType.Text),
            RoundTrip.Array(once.Select(o => o.Key), NpgsqlDbType.Text));
    }

    public void Write(RoundTrip trip, DateTime now)
    {
        StoryRows.Write(trip, [.. _audit.Stories.Values]);
        Write(trip, "accounts", "customer_id", "balance_coins", _audit.Accounts);
        Write(trip, "stock", "sku", "available", _audit.Stock);
        var once = _audit.Once.Where(o => !_onceBefore.Contains(o.Key)).ToList();
        if (once.Count > 0)
            trip.Write("INSERT INTO once (what, key, position) SELECT * FROM unnest($1, $2, $3)",
                RoundTrip.Array(once.Select(o => o.Key.What), NpgsqlDbType.Text),
                RoundTrip.Array(once.Select(o => o.Key.Key), NpgsqlDbType.Text),
                RoundTrip.Array(once.Select(o => o.Value), NpgsqlDbType.Bigint));
        Add(trip);
        ViolationRows.Write(trip, Findings, now);
        trip.Write(
            """
            UPDATE audit SET credited = credited + $1, deducted = deducted + $2, refunded = refunded + $3,
                balances = balances + $4, moved_at = $5
            """, RoundTrip.Value(_audit.Credited), RoundTrip.Value(_audit.Deducted),
            RoundTrip.Value(_audit.Refunded), RoundTrip.Value(_audit.Balances), RoundTrip.Value(now));
    }

    private void Add(RoundTrip trip)
    {
        if (_audit.Counts.Count > 0)
            trip.Write(
                """
                INSERT INTO counts AS c (topic, type, events) SELECT * FROM unnest($1, $2, $3)
                ON CONFLICT (topic, type) DO UPDATE SET events = c.events + excluded.events
                """, RoundTrip.Array(_audit.Counts.Keys.Select(k => k.Topic), NpgsqlDbType.Text),
                RoundTrip.Array(_audit.Counts.Keys.Select(k => k.Name), NpgsqlDbType.Text),
                RoundTrip.Array(_audit.Counts.Values, NpgsqlDbType.Bigint));
        if (_audit.States.Count > 0)
            trip.Write(
                """
                INSERT INTO states AS s (state, checkouts) SELECT * FROM unnest($1, $2)
                ON CONFLICT (state) DO UPDATE SET checkouts = s.checkouts + excluded.checkouts
                """, RoundTrip.Array(_audit.States.Keys, NpgsqlDbType.Text),
                RoundTrip.Array(_audit.States.Values, NpgsqlDbType.Bigint));
    }

    private static void Figures(RoundTrip trip, string table, string key, string value, IEnumerable<string> of,
        Dictionary<string, Figure> into)
    {
        var keys = of.Distinct().ToList();
        if (keys.Count == 0) return;
        trip.Read(
            $"""
            SELECT f.{key}, f.{value}, f.position FROM unnest($1) AS k(key)
            CROSS JOIN LATERAL (SELECT * FROM {table} t WHERE t.{key} = k.key) f
            """, row => into[row.GetString(0)] = new(row.GetInt64(1), row.GetInt64(2)),
            RoundTrip.Array(keys, NpgsqlDbType.Text));
    }

    private static void Write(RoundTrip trip, string table, string key, string value,
        Dictionary<string, Figure> figures)
    {
        if (figures.Count == 0) return;
        trip.Write(
            $"""
            INSERT INTO {table} ({key}, {value}, position) SELECT * FROM unnest($1, $2, $3)
            ON CONFLICT ({key}) DO UPDATE SET {value} = excluded.{value}, position = excluded.position
            """, RoundTrip.Array(figures.Keys, NpgsqlDbType.Text),
            RoundTrip.Array(figures.Values.Select(f => f.Value), NpgsqlDbType.Bigint),
            RoundTrip.Array(figures.Values.Select(f => f.Position), NpgsqlDbType.Bigint));
    }
}
