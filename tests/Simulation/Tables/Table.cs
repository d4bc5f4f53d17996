using System.Diagnostics.CodeAnalysis;
using Checkout.Simulation.Model;

namespace Checkout.Simulation.Tables;

/// <summary>A table with a primary key and a check.</summary>
public sealed class Table<TKey, TRow>(string key, Func<TRow, bool>? check = null, string? checkName = null) where TKey : notnull
{
    private readonly Dictionary<TKey, TRow> _rows = [];

    public IReadOnlyDictionary<TKey, TRow> Rows => _rows;

    public bool TryGet(TKey id, [MaybeNullWhen(false)] out TRow row) => _rows.TryGetValue(id, out row);

    public void Insert(TKey id, TRow row)
    {
        if (!InsertIfNew(id, row)) throw new SimulationStoppedException($"{key}: {id} is there already");
    }

    /// <summary>ON CONFLICT DO NOTHING.</summary>
    public bool InsertIfNew(TKey id, TRow row) => _rows.TryAdd(id, Checked(id, row));

    /// <summary>A statement that updates no row is a mistake of the batch, which SQL would pass over in silence.</summary>
    public void Update(TKey id, TRow row)
    {
        if (!_rows.ContainsKey(id)) throw new SimulationStoppedException($"{key}: there is no {id} to update");
        _rows[id] = Checked(id, row);
    }

    public IEnumerable<string> Texts() => _rows.Select(row => $"{key}: {row.Key} {row.Value}").Order(StringComparer.Ordinal);

    private TRow Checked(TKey id, TRow row) => check is null || check(row) ? row : throw new SimulationStoppedException($"{checkName}: {id} would be {row}");
}
