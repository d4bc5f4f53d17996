using Checkout.Chassis.Inbox;
using Checkout.Chassis.State;
using Npgsql;
using Xunit;

namespace Checkout.Services.Tests;

/// <summary>
/// Plans are made once for a session, when tables may still be empty, and kept while they grow. So none may be good for
/// an empty table only.
/// </summary>
public sealed class PlansTests(Databases databases)
{
    [Theory]
    [MemberData(nameof(Databases.Services), MemberType = typeof(Databases))]
    public async Task Every_statement_of_a_batch_looks_its_rows_up_by_key_even_if_planned_on_an_empty_database(
        string service)
    {
        var (database, declared) = await databases.NewAsync(service);
        var trip = new RoundTrip();
        foreach (var table in declared.Tables) ((dynamic)new PostgresRows(trip)).AddEvery((dynamic)table);
        Handled.Lock(trip, [("topic", 0)]);
        Handled.Advance(trip, new Dictionary<(string, int), Progress> { [("topic", 0)] = new(1, null) });
        Handled.Read(trip, [("topic", 0)], (_, _, _) => { });
        Parked.Keys(trip, [("topic", "key")]);
        Reactions.Others(trip, [("topic", "type")], ["name"]);
        Assert.NotEmpty(trip.Statements);
        await using var connection = await database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        foreach (var (sql, parameters) in trip.Statements)
        {
            var plan = await PlanAsync(connection, sql, parameters);
            Assert.False(plan.Contains("Seq Scan", StringComparison.Ordinal)
                || plan.Contains("Hash", StringComparison.Ordinal)
                || plan.Contains("Merge", StringComparison.Ordinal), $"{sql}\n{plan}");
            // An index that is read from end to end has no condition.
            Assert.Equal(plan.Split("Index Scan").Length, plan.Split("Index Cond").Length);
        }
    }

    private static async Task<string> PlanAsync(NpgsqlConnection connection, string sql,
        IReadOnlyList<NpgsqlParameter> parameters)
    {
        await ExecuteAsync(connection,
            $"PREPARE planned({string.Join(", ", parameters.Select(p => p.DataTypeName))}) AS {sql}");
        await using var explain = new NpgsqlCommand(
            $"EXPLAIN EXECUTE planned({string.Join(", ", parameters.Select(_ => "NULL"))})", connection);
        var lines = new List<string>();
        await using (var reader = await explain.ExecuteReaderAsync())
            while (await reader.ReadAsync()) lines.Add(reader.GetString(0));
        await ExecuteAsync(connection, "DEALLOCATE planned");
        return string.Join('\n', lines);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
