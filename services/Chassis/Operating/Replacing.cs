using Checkout.Chassis.State;
using Dapper;
using Npgsql;

namespace Checkout.Chassis.Operating;

/// <summary>
/// Puts rebuilt rows in the place of others, where they differ, in one transaction that keeps every batch out: so they
/// are what the events up to the head lead to.
/// </summary>
/// <param name="shadow">The schema that the rebuilt tables are in.</param>
/// <param name="catchUp">Applies to them what was appended behind a position, up to another.</param>
internal sealed class Replacing(IReadOnlyList<Table> tables, string shadow, Func<long, long, Task> catchUp)
{
    private const int MostTries = 10;

    /// <summary>Who waits behind these locks waits no longer than this for them to be had.</summary>
    private const string LockTimeout = "SET LOCAL lock_timeout = '5s'";

    /// <param name="end">Up to this position they are rebuilt.</param>
    public async Task RunAsync(NpgsqlDataSource database, long end, Hand hand, TextWriter output,
        CancellationToken cancellation)
    {
        for (var tries = 1; ; tries++)
            try
            {
                await using var connection = await database.OpenConnectionAsync(cancellation);
                await using var transaction = await connection.BeginTransactionAsync(cancellation);
                await ReplaceAsync(connection, end, hand, output);
                await transaction.CommitAsync(cancellation);
                return;
            }
            catch (PostgresException e) when (tries < MostTries
                && e.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected)
            {
                // A batch had them, in another order; it is over soon.
            }
    }

    private async Task ReplaceAsync(NpgsqlConnection connection, long end, Hand hand, TextWriter output)
    {
        // As a batch does: the tables in the order of their declaration, the head last. Looks go on.
        await connection.ExecuteAsync($"{LockTimeout}; LOCK TABLE "
            + $"{string.Join(", ", tables.Select(table => "public." + table.Name))} IN EXCLUSIVE MODE");
        var head = await connection.ExecuteScalarAsync<long>("SELECT position FROM head FOR UPDATE");
        await catchUp(end, head);
        foreach (var table in tables)
        {
            var name = table.Name;
            var difference = await Difference.OfAsync(connection, $"public.{name}", $"{shadow}.{name}");
            if (difference is null)
            {
                await output.WriteLineAsync($"{name}: equal.");
                continue;
            }
            var key = string.Join(" AND ",
                table.Declared.Where(column => column.IsKey).Select(key => $"t.{key.Name} = wrong.{key.Name}"));
            var takenOut = await connection.ExecuteAsync($"DELETE FROM public.{name} t USING "
                + $"(TABLE public.{name} EXCEPT TABLE {shadow}.{name}) wrong WHERE {key}", commandTimeout: 0);
            var putIn = await connection.ExecuteAsync(
                $"INSERT INTO public.{name} TABLE {shadow}.{name} EXCEPT TABLE public.{name}", commandTimeout: 0);
            await connection.ExecuteAsync(
                """
                INSERT INTO replacements (who, why, position, table_name, taken_out, put_in, difference)
                VALUES (@Who, @Why, @head, @name, @takenOut, @putIn, @difference)
                """, new { hand.Who, hand.Why, head, name, takenOut, putIn, difference });
            await output.WriteLineAsync($"{name}: {takenOut} rows taken out, {putIn} put in, such as: {difference}");
        }
    }
}
