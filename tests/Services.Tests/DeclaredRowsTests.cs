using Checkout.Chassis.State;
using Dapper;
using Xunit;

namespace Checkout.Services.Tests;

/// <summary>What a service declares of its tables, held against what its migrations make.</summary>
public sealed class DeclaredRowsTests(Databases databases)
{
    private const string OfTheEventStore = "events head schemas handled parked freed reactions "
        + "migrations refills replacements set_aside";

    [Theory]
    [MemberData(nameof(Databases.Services), MemberType = typeof(Databases))]
    public async Task Columns_types_and_keys_are_those_of_the_database(string service)
    {
        var (database, declared) = await databases.NewAsync(service);
        await using var connection = await database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        foreach (var table in declared.Tables)
        {
            var columns = (await connection.QueryAsync<(string Name, string Type, bool IsNullable, bool HasDefault)>(
                """
                SELECT attname, format_type(atttypid, atttypmod), NOT attnotnull, atthasdef FROM pg_attribute
                WHERE attrelid = @Name::regclass AND attnum > 0 AND NOT attisdropped
                """, new { table.Name })).ToDictionary(c => c.Name);
            foreach (var (name, type, isNullable, _) in table.Declared)
            {
                Assert.True(columns.TryGetValue(name, out var column), $"{table.Name} has no column {name}");
                Assert.Equal((name, type, isNullable), (name, column.Type, column.IsNullable));
            }
            // A row that is inserted has a value for every column that needs one.
            var undeclared = columns.Values.Where(c => !c.IsNullable && !c.HasDefault).Select(c => c.Name)
                .Except(table.Declared.Select(c => c.Name));
            if (table.Use != Use.ReadOnly) Assert.Empty(undeclared);
            var key = (await connection.QueryAsync<string>(
                """
                SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)
                WHERE indrelid = @Name::regclass AND indisprimary
                """, new { table.Name })).Order(StringComparer.Ordinal);
            Assert.Equal(table.Declared.Where(c => c.IsKey).Select(c => c.Name).Order(StringComparer.Ordinal), key);
        }
    }

    [Theory]
    [MemberData(nameof(Databases.Services), MemberType = typeof(Databases))]
    public async Task Every_table_is_declared_and_has_a_comment(string service)
    {
        var (database, declared) = await databases.NewAsync(service);
        await using var connection = await database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        var tables = (await connection.QueryAsync<(string Name, string? Comment)>(
            "SELECT relname, obj_description(oid) FROM pg_class WHERE relkind = 'r' AND relnamespace = "
                + "'public'::regnamespace")).ToList();
        Assert.Equal(
            declared.Tables.Select(t => t.Name).Distinct().Concat(OfTheEventStore.Split(' '))
            .Order(StringComparer.Ordinal),
            tables.Select(t => t.Name).Order(StringComparer.Ordinal));
        Assert.All(tables.Where(t => t.Name != "migrations"),
            table => Assert.False(string.IsNullOrWhiteSpace(table.Comment), table.Name));
    }
}
