using System.Collections;
using System.Text.Json;

namespace Checkout.Chassis.State;

/// <summary>
/// Rows in memory: the twin of PostgreSQL's for simulation and for tests of decisions. Not safe for several threads.
/// </summary>
public sealed class MemoryRows : IRowStore
{
    private readonly Dictionary<string, object> _tables = [];

    /// <summary>
    /// Told of every row before it is written, with its table and its key: may refuse it as a constraint of the
    /// database would.
    /// </summary>
    public Action<string, object, object> Check { get; init; } = (_, _, _) => { };

    public IReadOnlyDictionary<TKey, TRow> All<TKey, TRow>(Table<TKey, TRow> table) where TKey : notnull
        where TRow : class => Of(table);

    /// <summary>
    /// Every row of a table as text, in order: by them two stores are compared. JSON keeps a time as fine as it is.
    /// </summary>
    public IReadOnlyList<string> Texts(Table table)
    {
        var texts = new List<string>();
        if (!_tables.TryGetValue(table.Name, out var rows)) return texts;
        foreach (DictionaryEntry row in (IDictionary)rows)
            texts.Add($"{table.Name}: {row.Key} {JsonSerializer.Serialize(row.Value)}");
        texts.Sort(StringComparer.Ordinal);
        return texts;
    }

    public void Load<TKey, TRow>(Table<TKey, TRow> table) where TKey : notnull where TRow : class
    {
        var rows = Of(table);
        foreach (var key in table.Asked)
            if (rows.TryGetValue(key, out var row)) table.Found(key, row);
    }

    /// <exception cref="InvalidOperationException">A new row is there already: a unique violation.</exception>
    public void Save<TKey, TRow>(Table<TKey, TRow> table) where TKey : notnull where TRow : class
    {
        var rows = Of(table);
        foreach (var (key, row) in table.Added)
        {
            Check(table.Name, key, row);
            if (!rows.TryAdd(key, row)) throw new InvalidOperationException($"{table.Name}: {key} is there already.");
        }
        foreach (var (key, row) in table.Changed)
        {
            Check(table.Name, key, row);
            if (!rows.ContainsKey(key))
                throw new InvalidOperationException($"{table.Name}: there is no {key} to update.");
            rows[key] = row;
        }
    }

    private Dictionary<TKey, TRow> Of<TKey, TRow>(Table<TKey, TRow> table) where TKey : notnull where TRow : class
    {
        if (!_tables.TryGetValue(table.Name, out var rows)) _tables[table.Name] = rows = new Dictionary<TKey, TRow>();
        return (Dictionary<TKey, TRow>)rows;
    }
}
