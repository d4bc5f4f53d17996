using Checkout.Servers;

namespace Checkout.Local.Events;

/// <summary>
/// The events command: of the running system, or of a stopped one, whose PostgreSQL it starts for as long as it reads.
/// </summary>
internal static class EventsProgram
{
    public static async Task<int> RunAsync(LocalOptions options, string id, CancellationToken stop)
    {
        if (!Guid.TryParse(id, out var checkout))
            return await FailAsync(
                $"{id} is not a checkout's id: give the checkoutId that the post's answer names, a UUID.");
        return await OnStoresAsync(options, stores => ShowAsync(stores, checkout, options, stop), stop);
    }

    /// <summary>Reads the stores of a folder, whether its system runs or not.</summary>
    public static async Task<int> OnStoresAsync(LocalOptions options, Func<Stores, Task<int>> read,
        CancellationToken stop)
    {
        using var held = FolderLock.TryTake(options.Folder);
        if (held is null)
        {
            return RunningSystem.Read(options.Folder) is { } running
                ? await read(new(running.Database))
                : await FailAsync(
                    $"A system is starting or stopping in {options.Folder}. Wait for it, or give another --folder.");
        }
        if (!LocalSystem.HasRunIn(options))
        {
            return await FailAsync(
                $"No system has run in {options.Folder}: start one with dotnet run --project deploy/Local, " +
                "or give the --folder of another.");
        }
        await using var postgres = await LocalSystem.StartPostgresAloneAsync(options, stop);
        return await read(new(postgres.ConnectionString));
    }

    private static async Task<int> ShowAsync(Stores stores, Guid checkout, LocalOptions options, CancellationToken stop)
    {
        var events = await stores.OfCheckoutAsync(checkout, stop);
        if (events.Count == 0)
            return await FailAsync($"No store of the system in {options.Folder} has an event of checkout {checkout}.");
        foreach (var line in EventListing.Of(checkout, events)) Console.WriteLine(line);
        return 0;
    }

    private static async Task<int> FailAsync(string sentence)
    {
        await Console.Error.WriteLineAsync(sentence);
        return 1;
    }
}
