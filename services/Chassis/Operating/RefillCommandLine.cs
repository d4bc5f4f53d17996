using System.CommandLine;
using Dapper;
using Npgsql;

namespace Checkout.Chassis.Operating;

/// <summary>The commands that bring a store back to its events: rebuild, refill, set-aside.</summary>
internal static class RefillCommandLine
{
    /// <param name="rebuild">Asked when a command runs, as the others.</param>
    public static void AddTo<TRows>(RootCommand root, Func<Rebuild<TRows>> rebuild, Func<Refill<TRows>> refill,
        Func<NpgsqlDataSource> database)
    {
        root.Add(Rebuild(rebuild));
        root.Add(Refill(refill));
        root.Add(SetAside(database));
    }

    private static Command Rebuild<TRows>(Func<Rebuild<TRows>> rebuild)
    {
        var workers = Workers();
        var replace = new Option<bool>("--replace")
        {
            Description = "Puts the rebuilt rows in the place of those that differ, in one transaction; takes --who "
                + "and --why.",
        };
        var (who, why) = (Who(), Why());
        var command = new Command("rebuild",
            "Makes the state again from the events in a shadow copy, and names the first difference.")
            { workers, replace, who, why };
        command.SetAction((result, cancellation) =>
        {
            if (!result.GetValue(replace)) return AsOwnerAsync(() =>
                rebuild().RunAsync(result.GetValue(workers), Console.Out, cancellation));
            return result.GetValue(who) is { Length: > 0 } name && result.GetValue(why) is { Length: > 0 } reason
                ? AsOwnerAsync(() => rebuild().RunAsync(result.GetValue(workers), Console.Out, cancellation,
                    new(name, reason)))
                : SayAsync("Rows are replaced by somebody and for a reason: give --who and --why.");
        });
        return command;
    }

    private static Command Refill<TRows>(Func<Refill<TRows>> refill)
    {
        var workers = Workers();
        var (who, why) = (Who(), Why());
        (who.Required, why.Required) = (true, true);
        var command = new Command("refill",
            "Completes the store from its own topic, where the database was lost, restored to an earlier time or "
                + "promoted behind it, and makes the state again.") { who, why, workers };
        command.SetAction((result, cancellation) => AsOwnerAsync(() => refill().RunAsync(
            new(result.GetRequiredValue(who), result.GetRequiredValue(why)), result.GetValue(workers), Console.Out,
            cancellation)));
        return command;
    }

    private static Command SetAside(Func<NpgsqlDataSource> database)
    {
        var command = new Command("set-aside",
            "Lists the refills, and the events that contradicted the topic and were set aside by them.");
        command.SetAction(async (_, cancellation) =>
        {
            await using var connection = await database().OpenConnectionAsync(cancellation);
            foreach (var line in await connection.QueryAsync<string>(
                """
                SELECT format('refill %s by %s, %s, %s: %s added, %s set aside, positions without an event %s', id, who,
                    began_at, why, added, set_aside, coalesce(lost, 'not known')) FROM refills ORDER BY id
                """))
                Console.WriteLine(line);
            foreach (var line in connection.Query<string>(
                """
                SELECT format('refill %s position %s event %s %s key %s of %s at %s', refill_id, position, event_id,
                    type, key, coalesce(correlation_id, '-'), occurred_at) FROM set_aside ORDER BY refill_id, position
                """, buffered: false))
                Console.WriteLine(line);
            return 0;
        });
        return command;
    }

    private static Option<int> Workers() => new("--workers")
    {
        Description = "How many partitions are replayed at once.",
        DefaultValueFactory = _ => Math.Max(2, Environment.ProcessorCount),
    };

    private static Option<string> Who() => new("--who") { Description = "By whose hand." };

    private static Option<string> Why() => new("--why") { Description = "Why." };

    private static async Task<int> AsOwnerAsync(Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return await SayAsync($"The role may not change the store, nor make a shadow copy ({e.MessageText}): give "
                + "the connection string of the role that owns the tables as Database:MigrationConnectionString.");
        }
    }

    private static async Task<int> SayAsync(string sentence)
    {
        await Console.Error.WriteLineAsync(sentence);
        return 2;
    }
}
