using System.Collections.Concurrent;

namespace Checkout.Chassis.State;

/// <summary>
/// Rows in PostgreSQL: adds a statement for each kind of row, not for each row, to a round trip. Every statement looks
/// its rows up one by one in the index of their key: the nested subquery leaves the planner no other way, so that a
/// plan made for an empty table is still good for a large one.
/// </summary>
/// <param name="schema">Where the tables are, named in every statement; null for where all of the store is.</param>
public sealed class PostgresRows(RoundTrip trip, string? schema = null) : IRowStore
{
    private static readonly ConcurrentDictionary<(string Table, Use Use, Type Row), Sql> Statements = new();

    public void Load<TKey, TRow>(Table<TKey, TRow> table) where TKey : notnull where TRow : class => trip.Read(
        SqlOf(table).Select,
        row => table.Found(table.KeyColumn.Read(row, 0, out _),
            Table<TKey, TRow>.RowColumns.Read(row, table.KeyColumn.Count, out var newer), newer),
        table.KeyColumn.Arrays(table.Asked).ToArray());

    public void Save<TKey, TRow>(Table<TKey, TRow> table) where TKey : notnull where TRow : class
    {
        Write(table, SqlOf(table).Insert, table.Added);
        Write(table, SqlOf(table).Update, table.Changed);
    }

    /// <summary>Every statement that may ever be sent for a table, for no rows: to look at their plans.</summary>
    public void AddEvery<TKey, TRow>(Table<TKey, TRow> table) where TKey : notnull where TRow : class
    {
        Load(table);
        if (table.Use is not Use.ReadOnly) Add(table, SqlOf(table).Insert, []);
        if (table.Use is Use.Locked or Use.Hanging && Table<TKey, TRow>.RowColumns.Count > 0)
            Add(table, SqlOf(table).Update, []);
    }

    private void Write<TKey, TRow>(Table<TKey, TRow> table, string sql, IReadOnlyList<(TKey Key, TRow Row)> rows)
        where TKey : notnull where TRow : class
    {
        if (rows.Count > 0) Add(table, sql, rows);
    }

    private void Add<TKey, TRow>(Table<TKey, TRow> table, string sql, IReadOnlyList<(TKey Key, TRow Row)> rows)
        where TKey : notnull where TRow : class
    {
        trip.Write(sql,
            [.. table.KeyColumn.Arrays(rows.Select(row => row.Key).ToList()),
                .. Table<TKey, TRow>.RowColumns.Arrays(rows.Select(row => row.Row).ToList(),
                    rows.Select(row => table.NewerOf(row.Key)).ToList())]);
    }

    private Sql SqlOf<TKey, TRow>(Table<TKey, TRow> table) where TKey : notnull where TRow : class =>
        Statements.GetOrAdd((schema is null ? table.Name : $"{schema}.{table.Name}", table.Use, typeof(TRow)), at =>
            new(at.Table, at.Use, table.KeyColumn.Names.ToList(), Table<TKey, TRow>.RowColumns.Names.ToList()));

    private sealed class Sql
    {
        public Sql(string table, Use use, IReadOnlyList<string> key, IReadOnlyList<string> row)
        {
            string[] all = [.. key, .. row];
            var byKey = string.Join(" AND ", key.Select(column => $"t.{column} = k.{column}"));
            // LIMIT keeps the planner from turning the lookups into a join of its own choice, as FOR UPDATE does.
            Select = $"""
                SELECT {List(all, "r.")} FROM {Unnest(key, "k")}
                CROSS JOIN LATERAL (
                    SELECT {List(all, "t.")} FROM {table} t WHERE {byKey}
                    {(use == Use.Locked ? "FOR UPDATE" : "LIMIT 1")}) r
                """;
            Insert = $"INSERT INTO {table} ({List(all)}) SELECT {List(all)} FROM {Unnest(all, "k")}";
            Update = $"UPDATE {table} t SET {string.Join(", ", row.Select(column => $"{column} = k.{column}"))} FROM "
                + $"{Unnest(all, "k")} WHERE {byKey}";
        }

        public string Select { get; }
        public string Insert { get; }
        public string Update { get; }

        private static string List(IEnumerable<string> columns, string prefix = "") =>
            string.Join(", ", columns.Select(column => prefix + column));

        private static string Unnest(IReadOnlyList<string> columns, string alias) =>
            $"unnest({string.Join(", ", Enumerable.Range(1, columns.Count).Select(i => $"${i}"))}) AS "
                + $"{alias}({List(columns)})";
    }
}
