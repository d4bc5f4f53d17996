using System.Collections.Concurrent;
using System.Reflection;

namespace Checkout.Chassis.State;

/// <summary>How a service uses a table of state.</summary>
public enum Use
{
    Locked,
    Hanging,
    ReadOnly,
    WriteOnly,
}

/// <summary>A declared table of state, with the rows of it that one transaction is about.</summary>
public abstract class Table(string name, Use use)
{
    public string Name => name;

    public Use Use => use;

    /// <summary>Whether its rows follow from the events, so that a rebuild can make them again.</summary>
    public bool IsRebuilt { get; init; } = true;

    /// <summary>
    /// Of what does not follow from events, the column that names the correlation that a row stands for; null where a
    /// row stands for none.
    /// </summary>
    public string? Of { get; init; }

    internal string? Unless { get; init; }

    internal Type? AskedBy { get; init; }

    /// <summary>Name, type as PostgreSQL names it, whether it may be null, whether it is of the key.</summary>
    public abstract IEnumerable<(string Name, string SqlType, bool IsNullable, bool IsKey)> Declared { get; }

    internal abstract void Ask(object step);
    internal abstract void LoadFrom(IRowStore store);
    internal abstract void SaveTo(IRowStore store);
    internal abstract void Mark();
    internal abstract void Undo();
}

/// <inheritdoc cref="Table"/>
/// <param name="key">The key's column; null where the key is a record, whose parts are columns.</param>
public sealed class Table<TKey, TRow>(string name, string? key, Use use) : Table(name, use) where TKey : notnull
    where TRow : class
{
    // What follows from the declaration, once for all transactions.
    private static readonly ConcurrentDictionary<string, Columns<TKey>> KeyColumns = new();
    private static readonly ConcurrentDictionary<(
        Type Step, string? Key, string? Unless), Func<object, object?>?> Keys = new();

    private readonly HashSet<TKey> _asked = [];
    private readonly Dictionary<TKey, TRow> _rows = [];
    private readonly Dictionary<TKey, Dictionary<string, string>> _newer = [];
    private readonly HashSet<TKey> _added = [];
    private readonly HashSet<TKey> _changed = [];
    private readonly Stack<(TKey Key, TRow? Row, bool WasAdded, bool WasChanged)> _undo = [];

    internal Columns<TKey> KeyColumn { get; } = KeyColumns.GetOrAdd(key ?? "", _ => new(key));

    internal static Columns<TRow> RowColumns { get; } = new(name: null);

    /// <summary>The keys that were asked for, in the order of locks.</summary>
    internal IReadOnlyList<TKey> Asked => InOrder(_asked);

    internal IReadOnlyList<(TKey Key, TRow Row)> Added => InOrder(_added).ConvertAll(id => (id, _rows[id]));

    /// <summary>Of what was there before.</summary>
    internal IReadOnlyList<(TKey Key, TRow Row)> Changed =>
        InOrder(_changed.Where(id => !_added.Contains(id))).ConvertAll(id => (id, _rows[id]));

    public override IEnumerable<(string Name, string SqlType, bool IsNullable, bool IsKey)> Declared =>
        KeyColumn.All.Select(c => (c.Name, c.SqlType, c.IsNullable, true))
            .Concat(RowColumns.All.Select(c => (c.Name, c.SqlType, c.IsNullable, false)));

    /// <summary>The row as it is now; null where there is none.</summary>
    /// <exception cref="InvalidOperationException">Nothing asked for this key before the rows were read.</exception>
    public TRow? this[TKey id] => _rows.TryGetValue(id, out var row) ? row
        : _asked.Contains(id) ? null
        : throw new InvalidOperationException(
            $"The row {id} of {Name} is needed, and no step that runs here carries its key.");

    /// <summary>
    /// A new row; inserted plainly, so whoever made it meanwhile makes the transaction fail and start again.
    /// </summary>
    public void Add(TKey id, TRow row)
    {
        if (_rows.ContainsKey(id)) throw new InvalidOperationException($"{Name} has a row {id} already.");
        Set(id, row);
    }

    /// <exception cref="InvalidOperationException">There is no such row.</exception>
    public void Change(TKey id, Func<TRow, TRow> change) =>
        Set(id, change(this[id] ?? throw new InvalidOperationException($"{Name} has no row {id} to change.")));

    /// <summary>Changes the row, or makes it from null.</summary>
    public void Put(TKey id, Func<TRow?, TRow> change) => Set(id, change(this[id]));

    /// <summary>What the store has; called while loading.</summary>
    /// <param name="newer">Its enums that only a newer version knows, by column.</param>
    internal void Found(TKey id, TRow row, Dictionary<string, string>? newer = null)
    {
        _rows[id] = row;
        if (newer is not null) _newer[id] = newer;
    }

    /// <summary>What the store has in columns that are read as unknown; null where there are none.</summary>
    internal Dictionary<string, string>? NewerOf(TKey id) => _newer.GetValueOrDefault(id);

    /// <exception cref="InvalidOperationException">The key is one that only a newer version knows.</exception>
    internal override void Ask(object step)
    {
        if (Use == Use.WriteOnly || (AskedBy is not null && AskedBy != step.GetType())) return;
        if (Keys.GetOrAdd((step.GetType(), key, Unless), at => KeyOf(at.Step))?.Invoke(step) is TKey id)
            _asked.Add(Known(id));
    }

    internal override void LoadFrom(IRowStore store)
    {
        if (_asked.Count > 0) store.Load(this);
    }

    internal override void SaveTo(IRowStore store)
    {
        if (_added.Count + _changed.Count > 0) store.Save(this);
    }

    internal override void Mark() => _undo.Clear();

    internal override void Undo()
    {
        while (_undo.TryPop(out var before))
        {
            if (before.Row is null) _rows.Remove(before.Key);
            else _rows[before.Key] = before.Row;
            if (!before.WasAdded) _added.Remove(before.Key);
            if (!before.WasChanged) _changed.Remove(before.Key);
        }
    }

    /// <summary>Several keys that a newer version tells apart would be one row here.</summary>
    private TKey Known(TKey id) => !KeyColumn.IsUnknown(id) ? id : throw new InvalidOperationException(
        $"The key {id} of {Name} has a symbol that this version does not know: a newer one has to handle it.");

    private void Set(TKey id, TRow row)
    {
        Known(id);
        if (Use == Use.ReadOnly) throw new InvalidOperationException($"{Name} is declared to be only read here.");
        var isThere = _rows.TryGetValue(id, out var before);
        _undo.Push((id, before, _added.Contains(id), _changed.Contains(id)));
        _rows[id] = row;
        if (isThere) _changed.Add(id);
        else _added.Add(id);
    }

    private List<TKey> InOrder(IEnumerable<TKey> ids)
    {
        var ordered = ids.ToList();
        ordered.Sort(KeyColumn.Compare);
        return ordered;
    }

    /// <summary>
    /// Null where a step of this type does not carry the key; its answer is null where this one does not.
    /// </summary>
    private Func<object, object?>? KeyOf(Type step)
    {
        if (Unless is not null && step.GetProperty(Pascal(Unless)) is not null) return null;
        var parts = KeyColumn.All.Select(column => step.GetProperty(Pascal(column.Name))).ToArray();
        if (parts.Any(part => part is null)) return null;
        if (key is not null) return parts[0]!.PropertyType == typeof(TKey) ? parts[0]!.GetValue : null;
        var constructor = typeof(TKey).GetConstructor(parts.Select(part => part!.PropertyType).ToArray());
        if (constructor is null) return null;
        var make = ConstructorInvoker.Create(constructor);
        return of =>
        {
            var values = parts.Select(part => part!.GetValue(of)).ToArray();
            return values.Contains(null) ? null : make.Invoke(values.AsSpan());
        };
    }

    private static string Pascal(string column) =>
        string.Concat(column.Split('_').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
}
