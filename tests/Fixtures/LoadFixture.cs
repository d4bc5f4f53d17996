using System.Globalization;
using Checkout.Servers;
using Xunit;

namespace Checkout.Fixtures;

/// <summary>
/// Load that is wanted: CHECKOUT_TEST_LOAD=2 keeps so many processors busy while a test program runs, because it is
/// then that races show. [assembly: AssemblyFixture(typeof(LoadFixture))].
/// </summary>
public sealed class LoadFixture : IAsyncLifetime
{
    public const string Variable = "CHECKOUT_TEST_LOAD";

    private readonly List<ChildProcess> _busy = [];

    public ValueTask InitializeAsync()
    {
        var wanted = Environment.GetEnvironmentVariable(Variable);
        if (string.IsNullOrEmpty(wanted)) return ValueTask.CompletedTask;
        // Processes, not threads: those would stand in the way of this program's own pauses, too.
        for (var i = int.Parse(wanted, CultureInfo.InvariantCulture); i > 0; i--)
            _busy.Add(ChildProcess.Start(new() { Program = "sh", Arguments = ["-c", "while :; do :; done"] }));
        TestLog.Say($"processes that only keep processors busy: {_busy.Count}");
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _busy)
        {
            process.Kill();
            await process.DisposeAsync();
        }
    }
}
