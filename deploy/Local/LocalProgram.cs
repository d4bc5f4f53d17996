namespace Checkout.Local;

/// <summary>The one command without words: runs the system until it is told to stop.</summary>
internal static class LocalProgram
{
    public static async Task<int> RunAsync(LocalOptions options, CancellationToken stop)
    {
        using var held = FolderLock.TryTake(options.Folder);
        if (held is null)
        {
            await Console.Error.WriteLineAsync(RunningSystem.Read(options.Folder) is { } running
                ? $"The system runs already in {options.Folder}: Store is at {running.Store}. " +
                    "Stop it there with Ctrl+C, or give another --folder."
                : $"A system is starting or stopping in {options.Folder}. Wait for it, or give another --folder.");
            return 1;
        }
        var status = StatusDisplay.ForThisTerminal();
        await using (var system = await LocalSystem.StartAsync(options, status.Say, stop))
        {
            StatusDisplay.Started(system);
            try
            {
                await status.ShowAsync(system, stop);
            }
            catch (OperationCanceledException)
            {
                Console.WriteLine("Stopping ...");
            }
        }
        Console.WriteLine("Everything is stopped; the data is kept.");
        return 0;
    }
}
