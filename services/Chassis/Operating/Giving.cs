using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;

namespace Checkout.Chassis.Operating;

/// <summary>Takes the facts of an operator's file, all of them or none, in one transaction.</summary>
public sealed class Giving<TRows>(Func<CancellationToken, Task> migrate, Transactions<TRows> transactions)
{
    private const string NothingTaken = "Nothing of the file was taken.";

    /// <summary>
    /// The exit code: 2 where the file is not right, 1 where a fact contradicts what is there or the database does not
    /// take it.
    /// </summary>
    public async Task<int> RunAsync(OperatorCommand<TRows> command, FileInfo file, TextWriter output,
        TextWriter errors, CancellationToken cancellation)
    {
        IReadOnlyList<Work<TRows>> works;
        try
        {
            works = command.Read(await OperatorFile.TextAsync(file, cancellation));
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            await errors.WriteLineAsync($"{e.Message}\n{NothingTaken}");
            return 2;
        }
        try
        {
            await migrate(cancellation);
            var faults = await TakeAsync(works, cancellation);
            if (faults.Count == 0)
            {
                await output.WriteLineAsync($"{works.Count} given, {works.Sum(w => w.Events.Count)} new events.");
                return 0;
            }
            await errors.WriteLineAsync($"{string.Join('\n', faults)}\n{NothingTaken}");
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

    private Task<List<string>> TakeAsync(IReadOnlyList<Work<TRows>> works, CancellationToken cancellation) =>
        transactions.RunAsync(async (transaction, token) =>
        {
            await transaction.LoadAsync(works.Select(work => work.Step), token);
            foreach (var work in works) transaction.Decide(work);
            var faults = works.Select((work, i) => (work.Fault, Entry: i + 1)).Where(w => w.Fault is not null)
                .Select(w => $"Entry {w.Entry}: {w.Fault!.Message}").ToList();
            if (faults.Count == 0) await transaction.CommitAsync(token);
            return faults;
        }, cancellation);
}
