using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Checkout.Local.Demo;
using Xunit;

namespace Checkout.EndToEnd.Monitoring;

/// <summary>
/// A system that is scraped by a released Prometheus and where somebody buys all the time; it starts at its first use,
/// so that a test can be skipped where there is none.
/// </summary>
public sealed class MonitoredSystem : IAsyncLifetime
{
    /// <summary>So few that those of a fault are many among them.</summary>
    private static readonly TimeSpan BetweenPosts = TimeSpan.FromSeconds(1);

    private readonly TestFolder _folder = new("monitoring");
    private readonly TestFolder _rules = new("rules");
    private readonly CancellationTokenSource _end = new();
    private TestSystem? _system;
    private PrometheusServer? _prometheus;
    private Task _buying = Task.CompletedTask;

    internal async Task<(TestSystem System, PrometheusServer Prometheus)> StartedAsync()
    {
        if (Promtool.Find("prometheus") is null) throw Prerequisite.Missing("prometheus", Promtool.Missing);
        _system ??= await TestSystem.StartAsync("monitoring", TestSystem.Options(_folder) with
        {
            Observed = true,
            Environment = new Dictionary<string, string?>
            {
                ["Checkouts__Objective"] = "00:00:02",
                ["Checkouts__LongestQueue"] = "00:00:03",
            },
        });
        if (_prometheus is null)
        {
            _prometheus = await PrometheusServer.StartAsync(_system, _rules);
            _buying = BuyAsync(_system);
        }
        return (_system, _prometheus);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _buying;
        if (_prometheus is not null) await _prometheus.DisposeAsync();
        if (_system is not null) await _system.DisposeAsync();
        _folder.Dispose();
        _rules.Dispose();
        _end.Dispose();
    }

    /// <summary>Who has no coins is refused, and that is an end, too.</summary>
    private async Task BuyAsync(TestSystem system)
    {
        var customer = Players.NewName();
        while (!_end.IsCancellationRequested)
            try
            {
                using var answer = await system.Game.PostAsync(customer, "gorilla", $"{Guid.NewGuid()}", _end.Token);
                await Task.Delay(BetweenPosts, _end.Token);
            }
            catch (HttpRequestException)
            {
                // A fault is being played.
            }
            catch (OperationCanceledException) when (_end.IsCancellationRequested)
            {
            }
    }
}
