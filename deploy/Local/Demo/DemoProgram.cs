using Checkout.Local.Traces;

namespace Checkout.Local.Demo;

/// <summary>What plays on a system: on the running one where there is one, else on one started for it.</summary>
internal static class DemoProgram
{
    public static Task<int> DemoAsync(LocalOptions options, CancellationToken stop) =>
        RunAsync(options, PlayAsync, stop);

    public static Task<int> MeasureAsync(LocalOptions options, int checkouts, CancellationToken stop) =>
        RunAsync(options with { Traces = TracesWanted.Off },
            (system, token) => Measure.RunAsync(system, checkouts, Console.Out, token), stop);

    public static async Task<int> RunAsync(
        LocalOptions options, Func<RunningSystem, CancellationToken, Task<int>> play, CancellationToken stop)
    {
        using var held = FolderLock.TryTake(options.Folder);
        if (held is not null)
        {
            await using var system = await LocalSystem.StartAsync(options, Console.WriteLine, stop);
            return await play(system.Addresses, stop);
        }
        if (RunningSystem.Read(options.Folder) is { } running)
        {
            Console.WriteLine($"On the system that runs in {options.Folder}");
            return await play(running, stop);
        }
        await Console.Error.WriteLineAsync(
            $"A system is starting or stopping in {options.Folder}. Wait for it, or give another --folder.");
        return 1;
    }

    private static async Task<int> PlayAsync(RunningSystem system, CancellationToken stop)
    {
        using var game = new Game(system);
        var failures = await new Stories(system, game, Console.Out).PlayAsync(stop);
        Console.WriteLine();
        Console.WriteLine("What must hold:");
        var invariants = await Invariants.CheckAsync(system, stop);
        foreach (var (name, fault) in invariants)
            Console.WriteLine(fault is null ? $"  holds   {name}" : $"  BROKEN  {name}: {fault}");
        failures += invariants.Count(i => i.Fault is not null);
        Console.WriteLine(failures == 0 ? "All of it holds." : $"{failures} things went wrong.");
        return failures == 0 ? 0 : 1;
    }
}
