using Xunit;

namespace Checkout.LogTailer.Tests;

public sealed class LoopsTests
{
    [Fact]
    public async Task The_first_fault_is_the_reason_and_what_is_to_end_first_ends_before_the_others_are_cancelled()
    {
        Loops? loops = null;
        var wasCancelled = true;
        loops = new Loops(() => wasCancelled = loops!.Cancelled.IsCancellationRequested, CancellationToken.None);
        using var _ = loops;
        var others = Enumerable.Range(0, 3).Select(i => loops.Run(async cancelled =>
        {
            await Task.WhenAny(Task.Delay(Timeout.Infinite, cancelled));
            throw new InvalidOperationException($"{i} was in the middle of something");
        })).ToList();
        var faulty = loops.Run(_ => Task.FromException(new TimeoutException("the reason")));
        Assert.Equal("the reason", (await Assert.ThrowsAsync<TimeoutException>(() => loops.Fault)).Message);
        await loops.EndAsync(TimeSpan.FromSeconds(30));
        Assert.False(wasCancelled);
        Assert.All(others.Append(faulty), loop => Assert.True(loop.IsCompletedSuccessfully));
    }

    [Fact]
    public async Task A_loop_that_does_not_end_holds_nothing_up()
    {
        using var loops = new Loops(() => { }, CancellationToken.None);
        _ = loops.Run(_ => new TaskCompletionSource().Task);
        loops.Fail(new TimeoutException());
        await loops.EndAsync(TimeSpan.FromMilliseconds(50)).WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_clean_end_is_no_fault()
    {
        using var stop = new CancellationTokenSource();
        using var loops = new Loops(() => Assert.Fail("no fault"), stop.Token);
        var loop = loops.Run(_ => Task.Delay(Timeout.Infinite, stop.Token));
        await stop.CancelAsync();
        await loop.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.False(loops.Fault.IsCompleted);
    }

    [Fact]
    public async Task A_cancellation_that_nobody_asked_for_is_a_fault()
    {
        using var loops = new Loops(() => { }, CancellationToken.None);
        _ = loops.Run(_ => throw new TaskCanceledException("a time-out within"));
        await Assert.ThrowsAsync<TaskCanceledException>(() => loops.Fault);
    }
}
