using System.Text.Json;
using Checkout.Chassis.State;
using Checkout.Observer.Auditing;
using NpgsqlTypes;

namespace Checkout.Observer.Reading;

/// <summary>A store's chain within one transaction: how far it is judged, and what comes next.</summary>
internal sealed class StoredChain
{
    /// <summary>Of positions that lack, so many are looked for at once.</summary>
    private const int MaxLooked = 1_000;

    private readonly long _judgedBefore;
    private readonly long _highestBefore;
    private readonly HashSet<long> _linked = [];
    private readonly List<(long First, long Last)> _passed = [];
    private ChainState _state;
    private long _highest;
    private long _missing;
    private long _opaque;
    private DateTime? _holeAt;
    private DateTime _now;

    private StoredChain(string topic, ChainState state, long highest, long missing, long opaque, DateTime? holeAt) =>
        (Topic, _state, _judgedBefore, _highest, _highestBefore, _missing, _opaque, _holeAt) =
            (topic, state, state.Judged, highest, highest, missing, opaque, holeAt);

    public string Topic { get; }

    /// <summary>Locks them: the audit's totals are theirs together.</summary>
    public static void Read(RoundTrip trip, Action<StoredChain> found)
    {
        trip.Write("INSERT INTO stores (topic) SELECT topic FROM unnest($1) AS k(topic) ON CONFLICT DO NOTHING",
            RoundTrip.Array(ObservedEvents.Chained, NpgsqlDbType.Text));
        trip.Read("SELECT topic, judged, passed, last::text, highest, missing, opaque, hole_at FROM stores "
            + "ORDER BY topic FOR UPDATE",
            row => found(new(row.GetString(0), new(row.GetInt64(1), row.GetInt64(2),
                JsonSerializer.Deserialize<Dictionary<int, long>>(row.GetString(3))!), row.GetInt64(4),
                row.GetInt64(5), row.GetInt64(6), row.IsDBNull(7) ? null : row.GetDateTime(7))));
    }

    public bool IsLate(Told told) => told.Position <= _judgedBefore;

    /// <summary>A new event is there.</summary>
    public void Read(Told told)
    {
        _highest = Math.Max(_highest, told.Position);
        if (IsLate(told)) _missing--;
        if (told.Fields is null) _opaque++;
    }

    /// <summary>
    /// Asks for what waits to be judged, where that is more than the batch has: what follows without a hole, or, where
    /// the next position will not come, whatever is behind it. What waits behind a hole is not read in vain.
    /// </summary>
    /// <param name="passOver">Whether the next hole is not waited for.</param>
    public void Pending(RoundTrip trip, int most, bool passOver, Dictionary<string, List<Told>> pending)
    {
        if (_highestBefore == _judgedBefore) return;
        var of = pending[Topic] = [];
        trip.Read(
            """
            WITH next AS MATERIALIZED (
                SELECT EXISTS (SELECT FROM events WHERE topic = $1 AND position = $2 + 1) AS is_there,
                    $4 OR EXISTS (SELECT FROM events WHERE topic = $1 AND previous = $2 + 1) AS is_passed),
            run AS (
                SELECT *, position - row_number() OVER (ORDER BY position) AS judged
                FROM (SELECT * FROM events WHERE topic = $1 AND position > $2 AND EXISTS (
                    SELECT FROM next WHERE is_there OR is_passed) ORDER BY topic, position LIMIT $3) e)
            SELECT partition, position, previous, event_id, type, occurred_at, read_at, fields::text
            FROM run WHERE judged = $2 OR NOT (SELECT is_there FROM next) ORDER BY position
            """,
            row => of.Add(new(Topic, row.GetInt32(0), row.GetInt64(1), row.IsDBNull(2) ? null : row.GetInt64(2),
                row.GetGuid(3), Told.NameOf(row.GetString(4)), row.GetDateTime(5),
                Told.FieldsOf(row.IsDBNull(7) ? null : row.GetString(7)))
            { ReadAt = row.GetDateTime(6) }),
            RoundTrip.Value(Topic), RoundTrip.Value(_judgedBefore), RoundTrip.Value((long)most),
            RoundTrip.Value(passOver));
    }

    /// <summary>
    /// Of positions that are not there, those that a later record names as the one before it on its partition: they
    /// are on none, since a partition is read in order.
    /// </summary>
    public void LoadLinks(RoundTrip trip, List<Told> pending)
    {
        var lacking = new List<long>();
        var next = _state.Judged + 1;
        foreach (var told in pending.Where(told => !IsLate(told)))
        {
            for (; next < told.Position && lacking.Count < MaxLooked; next++) lacking.Add(next);
            next = told.Position + 1;
        }
        if (lacking.Count == 0) return;
        trip.Read(
            """
            SELECT k.previous FROM unnest($2) AS k(previous)
            WHERE EXISTS (SELECT 1 FROM events t WHERE t.topic = $1 AND t.previous = k.previous)
            """, row => _linked.Add(row.GetInt64(0)), RoundTrip.Value(Topic),
            RoundTrip.Array(lacking, NpgsqlDbType.Bigint));
    }

    /// <summary>In order, up to a hole whose record may still come.</summary>
    /// <param name="passOver">Whether the next hole is not waited for.</param>
    public void Judge(List<Told> pending, Audit audit, bool passOver, DateTime now)
    {
        _now = now;
        foreach (var told in pending.Where(told => !IsLate(told)))
        {
            PassOver(told.Position, audit, passOver);
            if (told.Position > _state.Judged + 1) break;
            (_state, var finding) = ChainRules.Next(_state, told);
            if (finding is not null) audit.Findings.Add(finding);
            audit.Hear(told, _state.Passed);
        }
        if (_state.Judged > _judgedBefore) _holeAt = null;
        _holeAt = _state.Judged < _highest ? _holeAt ?? now : null;
    }

    /// <summary>What lacks before this position, as far as it is known that it will not come.</summary>
    private void PassOver(long position, Audit audit, bool all)
    {
        var (first, last) = (_state.Judged + 1, _state.Judged);
        while (last + 1 < position && (all || _linked.Contains(last + 1))) last = all ? position - 1 : last + 1;
        if (last < first) return;
        audit.Findings.Add(ChainRules.Missing(Topic, first, last, position));
        _state = ChainRules.PassOver(_state, last);
        _passed.Add((first, last));
        _missing += last - first + 1;
    }

    public void Write(RoundTrip trip)
    {
        trip.Write(
            """
            UPDATE stores SET judged = $2, passed = $3, last = $4::jsonb, highest = $5, missing = $6, opaque = $7,
                hole_at = $8 WHERE topic = $1
            """,
            RoundTrip.Value(Topic), RoundTrip.Value(_state.Judged), RoundTrip.Value(_state.Passed),
            RoundTrip.Value(JsonSerializer.Serialize(_state.Last)), RoundTrip.Value(_highest),
            RoundTrip.Value(_missing), RoundTrip.Value(_opaque), RoundTrip.Value(_holeAt));
        foreach (var (first, last) in _passed)
            trip.Write("INSERT INTO holes (topic, first, last, passed_at) VALUES ($1, $2, $3, $4)",
                RoundTrip.Value(Topic), RoundTrip.Value(first), RoundTrip.Value(last), RoundTrip.Value(_now));
    }
}
