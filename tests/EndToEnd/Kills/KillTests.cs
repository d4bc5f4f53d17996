using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Checkout.Local.Demo;
using Xunit;

namespace Checkout.EndToEnd.Kills;

[Collection(SharedSystem.Collection)]
public sealed class KillTests(SharedSystem shared)
{
    private static readonly TimeSpan BackWithin = Players.Patience;

    private readonly TestSystem _system = shared.System;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("store")]
    [InlineData("balance")]
    [InlineData("inventory")]
    [InlineData("logtailer")]
    public async Task Nothing_is_lost_or_doubled_when_a_process_is_killed_twice_in_the_middle_of_1000_checkouts(
        string process)
    {
        var crowd = await Crowd.GatherAsync(_system);
        TestLog.Say($"{process} killed in the middle of {Crowd.All} checkouts, on {_system.Addresses.BrokerName}");
        var killedOnce = new TaskCompletionSource();
        var posting = crowd.PostAsync(killedOnce.Task);

        await crowd.UntilAcceptedAsync(Crowd.All / 4);
        await KillAsync(process);
        killedOnce.SetResult();
        await crowd.UntilAcceptedAsync(Crowd.All * 3 / 4);
        await KillAsync(process);

        await posting;
        await crowd.AssertEndedAsync();
        Assert.All(await Invariants.CheckAsync(_system.Addresses, Cancel),
            invariant => Assert.True(invariant.Fault is null, $"{invariant.Name}: {invariant.Fault}"));
        await _system.AssertRebuildEqualsAsync();
    }

    /// <summary>Returns when it was started again and is ready.</summary>
    private async Task KillAsync(string process)
    {
        var before = _system[process].Restarts;
        _system[process].Kill();
        await Eventually.Until(() => _system[process].Restarts > before, $"{process} is seen to be dead", BackWithin);
        await _system[process].ReadyAsync(Cancel).WaitAsync(BackWithin, Cancel);
        Assert.Contains(_system.Said,
            sentence => sentence.StartsWith($"{process} ended with exit code 137", StringComparison.Ordinal));
    }
}
