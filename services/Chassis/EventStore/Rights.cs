using Checkout.Chassis.State;

namespace Checkout.Chassis.EventStore;

/// <summary>What a role may do with a table of a store.</summary>
/// <param name="Columns">Those alone; null for the whole table.</param>
public sealed record Right(string Table, string Verb, IReadOnlyList<string>? Columns = null)
{
    public override string ToString() =>
        $"{Verb}{(Columns is null ? "" : $" ({string.Join(", ", Columns)})")} ON {Table}";
}

/// <summary>
/// What the roles of a store need, and no more: declared here, and nowhere else. Nobody may change or delete an event;
/// a service may not make tables, and the tailer may not write at all.
/// </summary>
public static class Rights
{
    private const string Select = "SELECT", Insert = "INSERT", Update = "UPDATE", Delete = "DELETE";

    /// <summary>Numbers what is appended. It runs with the rights of its caller.</summary>
    public const string Append = "append_events";

    private static readonly IReadOnlyList<Right> OfStore =
    [
        new("events", Select), new("events", Insert),
        // What the store is stays as it was pinned.
        new("head", Select), new("head", Update, ["position", "last"]),
        new("schemas", Select),
        new("migrations", Select),
        new("handled", Select), new("handled", Insert),
        new("handled", Update, ["position", "event_position", "event_id"]),
        // To lock a row takes the right to change some column of it: this one nobody can give another value.
        new("parked", Select), new("parked", Insert), new("parked", Update, ["id"]), new("parked", Delete),
        new("freed", Insert),
        new("reactions", Select), new("reactions", Insert), new("reactions", Update, ["retired_at", "who", "why"]),
        new("refills", Select), new("set_aside", Select), new("replacements", Select),
    ];

    /// <summary>Of the role that tails the log: what it heals a topic from, and proves it by.</summary>
    public static IReadOnlyList<Right> OfTailer { get; } =
        [new("events", Select), new("head", Select), new("schemas", Select), new("refills", Select)];

    /// <summary>Of the role as which a service serves.</summary>
    /// <param name="declared">The service's own tables of state.</param>
    public static IReadOnlyList<Right> OfServing(IEnumerable<Table> declared) =>
        [.. OfStore, .. declared.SelectMany(Of).DistinctBy(right => right.ToString())];

    /// <summary>Its key names a row for ever; queries read every table.</summary>
    private static IEnumerable<Right> Of(Table table)
    {
        yield return new(table.Name, Select);
        if (table.Use == Use.ReadOnly) yield break;
        yield return new(table.Name, Insert);
        if (table.Use == Use.WriteOnly) yield break;
        var columns = table.Declared.Where(column => !column.IsKey).Select(column => column.Name).ToList();
        if (columns.Count > 0) yield return new(table.Name, Update, columns);
        else if (table.Use == Use.Locked)
            yield return new(table.Name, Update, [.. table.Declared.Select(column => column.Name)]);
    }
}
