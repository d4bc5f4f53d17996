namespace Checkout.Chassis.State;

/// <summary>
/// The rows of state that one transaction is about. A service declares its tables here, once each; reads, writes, the
/// shadow of a rebuild and the twin in memory follow from the declaration. Use: Ask for every step, load, run the steps
/// in order, save.
/// </summary>
public sealed class Rows
{
    private readonly List<Table> _tables = [];

    /// <summary>In the order of their declaration, which is the order of their locks.</summary>
    public IReadOnlyList<Table> Tables => _tables;

    /// <summary>
    /// Rows that are read by the statement that locks them, in key order: it gives their newest version
    /// (docs/decisions/0004).
    /// </summary>
    /// <param name="key">The key's column; null where the key is a record, whose parts are columns.</param>
    /// <param name="unless">A step that carries this too does not ask for rows; named like a column.</param>
    public Table<TKey, TRow> Locked<TKey, TRow>(string table, string? key = null, string? unless = null)
        where TKey : notnull where TRow : class =>
        Add(new Table<TKey, TRow>(table, key, Use.Locked) { Unless = unless });

    /// <summary>
    /// Rows that only change under another's lock, or are only ever inserted: read in a later statement than the locks.
    /// </summary>
    /// <param name="rebuilt">False where the rows do not follow from events.</param>
    /// <param name="of">The column with the correlation that such a row stands for: gone with its events.</param>
    public Table<TKey, TRow> Hanging<TKey, TRow>(string table, string? key = null, bool rebuilt = true,
        string? of = null)
        where TKey : notnull where TRow : class =>
        Add(new Table<TKey, TRow>(table, key, Use.Hanging) { IsRebuilt = rebuilt, Of = of });

    /// <summary>Another view of a table, to look at and not to change.</summary>
    /// <param name="askedBy">The only kind of step that asks for it.</param>
    public Table<TKey, TRow> ReadOnly<TKey, TRow>(string table, string? key, Type askedBy) where TKey : notnull
        where TRow : class =>
        Add(new Table<TKey, TRow>(table, key, Use.ReadOnly) { AskedBy = askedBy, IsRebuilt = false });

    /// <summary>Rows that are only inserted.</summary>
    /// <param name="rebuilt">False where the rows do not follow from events.</param>
    public Table<TKey, TRow> WriteOnly<TKey, TRow>(string table, string? key = null, bool rebuilt = true)
        where TKey : notnull where TRow : class =>
        Add(new Table<TKey, TRow>(table, key, Use.WriteOnly) { IsRebuilt = rebuilt });

    /// <summary>
    /// A step, which is an event or a command, is about the rows whose keys it carries: of every table each part of
    /// whose key it has as a property of that name (customer_id is CustomerId).
    /// </summary>
    public void Ask(object step)
    {
        foreach (var table in _tables) table.Ask(step);
    }

    public void LoadFrom(IRowStore store)
    {
        foreach (var table in _tables.Where(table => table.Use == Use.Locked)) table.LoadFrom(store);
        foreach (var table in _tables.Where(table => table.Use is Use.Hanging or Use.ReadOnly)) table.LoadFrom(store);
    }

    public void SaveTo(IRowStore store)
    {
        foreach (var table in _tables) table.SaveTo(store);
    }

    /// <summary>From here on what is changed can be taken back.</summary>
    public void Mark()
    {
        foreach (var table in _tables) table.Mark();
    }

    /// <summary>Takes back what was changed since the mark.</summary>
    public void Undo()
    {
        foreach (var table in _tables) table.Undo();
    }

    private Table<TKey, TRow> Add<TKey, TRow>(Table<TKey, TRow> table) where TKey : notnull where TRow : class
    {
        if (Table<TKey, TRow>.RowColumns.Strict is { } strict)
            throw new InvalidOperationException($"{table.Name}.{strict.Name} is an enum without a symbol Unknown, as "
                + "which an older version could read what a newer one adds.");
        _tables.Add(table);
        return table;
    }
}

/// <summary>Where rows come from and go to: PostgreSQL, or memory.</summary>
public interface IRowStore
{
    void Load<TKey, TRow>(Table<TKey, TRow> table) where TKey : notnull where TRow : class;

    void Save<TKey, TRow>(Table<TKey, TRow> table) where TKey : notnull where TRow : class;
}
