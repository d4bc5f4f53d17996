using System.Diagnostics;

namespace Checkout.Faults;

/// <summary>Waits for what must come, and takes its absence for a violation.</summary>
internal static class Waiting
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(180);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    /// <param name="missing">What is still missing; null when all is there.</param>
    public static async Task UntilAsync(string what, Func<Task<string?>> missing, CancellationToken stop)
    {
        for (var clock = Stopwatch.StartNew(); await missing() is { } still; await Task.Delay(PollInterval, stop))
            if (clock.Elapsed > Patience)
                throw new ViolationException($"After {Patience.TotalSeconds:F0} s it is not so that {what}: {still}");
    }
}
