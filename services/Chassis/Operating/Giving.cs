using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Npgsql;

namespace Checkout.Chassis.Operating;

/// <summary>How a file is to be given.</summary>
/// <param name="Who">Who gives it, where that is kept.</param>
/// <param name="IsDry">Says what it would do, and does nothing.</param>
public sealed record GivingOptions(string Who = "", bool IsDry = false);

/// <summary>Takes the facts of an operator's file, all of them or none, in one transaction.</summary>
public sealed class Giving<TRows>(Func<CancellationToken, Task> migrate, Transactions<TRows> transactions,
    NpgsqlDataSource database)
{
    /// <summary>Asked before anything is appended: why it may not be; null where it may.</summary>
    public Func<CancellationToken, Task<string?>> Refusal { get; init; } = _ => Task.FromResult<string?>(null);

    private const string NothingTaken = "Nothing of the file was taken.";

    /// <summary>
    /// The exit code: 2 where the file is not right, 1 where a fact contradicts what is there, the store is behind its
    /// topic or the database does not take it.
    /// </summary>
    public async Task<int> RunAsync(OperatorCommand<TRows> command, FileInfo file, GivingOptions options,
        TextWriter output, TextWriter errors, CancellationToken cancellation)
    {
        IReadOnlyList<Work<TRows>> works;
        try
        {
            works = command.Read(await OperatorFile.TextAsync(file, cancellation), options.Who);
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            await errors.WriteLineAsync($"{e.Message}\n{NothingTaken}");
            return 2;
        }
        try
        {
            await migrate(cancellation);
            if (await Refusal(cancellation) is { } refusal)
            {
                await errors.WriteLineAsync($"{refusal}\n{NothingTaken}");
                return 1;
            }
            works = await PreparedAsync(command, works, cancellation);
            await TakeAsync(works, options.IsDry, cancellation);
            return await SayAsync(works, options.IsDry, output, errors);
        }
        catch (UnusableDatabaseException e)
        {
            await errors.WriteLineAsync($"{e.Message}\n{NothingTaken}");
            return 2;
        }
        catch (Exception e) when (e is not (OperationCanceledException or OutOfMemoryException))
        {
            await errors.WriteLineAsync(
                $"The database did not take it; the same file may be given again, and counts once: {e.Message}");
        }
        return 1;
    }

    private async Task<IReadOnlyList<Work<TRows>>> PreparedAsync(OperatorCommand<TRows> command,
        IReadOnlyList<Work<TRows>> works, CancellationToken cancellation)
    {
        if (command.Prepare is not { } prepare) return works;
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return await prepare(connection, works, cancellation);
    }

    private Task TakeAsync(IReadOnlyList<Work<TRows>> works, bool isDry, CancellationToken cancellation)
    {
        var sound = works.Where(work => work.Fault is null).ToList();
        return transactions.RunAsync(async (transaction, token) =>
        {
            await transaction.LoadAsync(sound.Select(work => work.Step), token);
            foreach (var work in sound) transaction.Decide(work);
            if (isDry) await transaction.RollBackAsync(token);
            else if (works.All(work => work.Fault is null)) await transaction.CommitAsync(token);
            return true;
        }, cancellation);
    }

    private static async Task<int> SayAsync(IReadOnlyList<Work<TRows>> works, bool isDry, TextWriter output,
        TextWriter errors)
    {
        var faults = works.Count(work => work.Fault is not null);
        if (isDry)
        {
            foreach (var (i, work) in works.Index()) await output.WriteLineAsync($"Entry {i + 1}: {OfDry(work)}");
            var news = works.Count(work => work.Events.Count > 0);
            await output.WriteLineAsync($"{works.Count} looked at, {news} would be new, {faults} would be refused"
                + $"{(faults > 0 ? ", and with them all" : "")}. Nothing was changed.");
            return faults == 0 ? 0 : 1;
        }
        if (faults == 0)
        {
            await output.WriteLineAsync($"{works.Count} given, {works.Sum(w => w.Events.Count)} new events.");
            return 0;
        }
        foreach (var (i, work) in works.Index().Where(entry => entry.Item.Fault is not null))
            await errors.WriteLineAsync($"Entry {i + 1}: {work.Fault!.Message}");
        await errors.WriteLineAsync(NothingTaken);
        return 1;
    }

    private static string OfDry(Work<TRows> work) => work.Fault is { } fault ? fault.Message
        : work.Events.Count == 0 ? "given before, nothing new."
        : $"{string.Join(", ", work.Events.Select(e => e.Schema.Name))} would be new.";
}
