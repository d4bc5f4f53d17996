using Xunit;

namespace Checkout.LogTailer.Tests;

public sealed class GuardedTests : IDisposable
{
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(2);

    private readonly ManualResetEventSlim _never = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _never.Set();

    [Fact]
    public async Task Work_that_says_nothing_any_more_is_given_up_with_a_sentence()
    {
        var token = CancellationToken.None;
        var fault = await Assert.ThrowsAsync<TimeoutException>(() => Guarded.RunAsync((step, stop) =>
        {
            token = stop;
            step();
            _never.Wait(Cancel);
            return 1;
        }, Short, "The ends of t could not be read", Cancel));
        Assert.Equal("The ends of t could not be read: nothing came for 2 s.", fault.Message);
        Assert.True(token.IsCancellationRequested);
    }

    [Fact]
    public async Task Work_that_goes_on_may_last() => Assert.Equal(20, await Guarded.RunAsync((step, _) =>
    {
        var steps = 0;
        for (; steps < 20; steps++)
        {
            step();
            Thread.Sleep(Short / 10);
        }
        return steps;
    }, Short, "work", Cancel));

    [Fact]
    public async Task What_fails_tells_why() => await Assert.ThrowsAsync<TopicChangedException>(
        () => Guarded.RunAsync<int>((_, _) => throw new TopicChangedException("changed"), Short, "work", Cancel));

    [Fact]
    public async Task A_stop_is_not_waited_for()
    {
        using var stop = new CancellationTokenSource(Short);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Guarded.RunAsync((_, _) =>
        {
            _never.Wait(Cancel);
            return 1;
        }, TimeSpan.FromMinutes(5), "work", stop.Token));
    }

    [Fact]
    public async Task An_answer_that_never_comes_is_not_waited_for()
    {
        var fault = await Assert.ThrowsAsync<TimeoutException>(() =>
            new TaskCompletionSource<int>().Task.AnsweredAsync(TimeSpan.FromSeconds(-4.5)));
        Assert.Equal("Kafka's admin client did not answer within 0.5 s.", fault.Message);
    }

    [Fact]
    public async Task An_answer_is_passed_on_and_so_is_a_failure()
    {
        Assert.Equal(1, await Task.FromResult(1).AnsweredAsync(TimeSpan.FromSeconds(1)));
        await Assert.ThrowsAsync<TopicChangedException>(() =>
            Task.FromException<int>(new TopicChangedException("changed")).AnsweredAsync(TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public async Task A_client_that_does_not_end_is_left_to_itself()
    {
        Assert.False(await Guarded.EndAsync(new Client(() => _never.Wait(Cancel)), Short));
        Assert.True(await Guarded.EndAsync(new Client(() => { }), TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public async Task A_client_ends_on_a_thread_of_its_own()
    {
        var onPool = true;
        Assert.True(
            await Guarded.EndAsync(new Client(() => onPool = Thread.CurrentThread.IsThreadPoolThread),
                TimeSpan.FromMinutes(1)));
        Assert.False(onPool);
    }

    private sealed class Client(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
