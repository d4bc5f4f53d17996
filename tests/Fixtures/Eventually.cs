using System.Diagnostics;

namespace Checkout.Fixtures;

/// <summary>Waits for what must come, instead of sleeping for as long as it may take.</summary>
public static class Eventually
{
    /// <summary>
    /// No measure of speed: a machine that is busy with other tests may take long, and only what never comes shall
    /// fail.
    /// </summary>
    public static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>Returns when the condition holds; fails with what was waited for.</summary>
    public static Task Until(Func<bool> condition, string what, TimeSpan? deadline = null) =>
        Until(() => Task.FromResult(condition()), what, deadline);

    public static async Task Until(Func<Task<bool>> condition, string what, TimeSpan? deadline = null)
    {
        var patience = deadline ?? DefaultDeadline;
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(PollInterval))
        {
            if (await condition()) return;
            if (clock.Elapsed > patience)
                throw new TimeoutException($"Waited {patience.TotalSeconds:0.#} s in vain: {what}.");
        }
    }

    /// <summary>Returns the first value that is not null.</summary>
    public static async Task<T> Value<T>(Func<Task<T?>> read, string what, TimeSpan? deadline = null)
        where T : class
    {
        T? found = null;
        await Until(async () => (found = await read()) is not null, what, deadline);
        return found!;
    }
}
