namespace Checkout.Chassis.Reactor;

/// <summary>
/// Asks now and then whether topics that were left to others may be read again: a reaction that this version lacks was
/// retired. One thread.
/// </summary>
/// <param name="notLacking">Those among topics to which no reaction is missing here; waits an outage out.</param>
internal sealed class LeftTopics(
    Func<IReadOnlyCollection<string>, CancellationToken, Task<IReadOnlyList<string>>> notLacking, ReactorState state,
    TimeProvider time)
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private long _asked;
    private Task<IReadOnlyList<string>>? _asking;

    /// <summary>Topics that are to be read again; told once.</summary>
    public IReadOnlyList<string> TakeUp(CancellationToken stopping)
    {
        if (state.LeftTopics == 0) return [];
        if (_asking is { IsCompleted: true } answer)
        {
            (_asking, _asked) = (null, time.GetTimestamp());
            return answer.IsCompletedSuccessfully ? answer.Result : [];
        }
        if (_asking is null && time.GetElapsedTime(_asked) >= Interval)
            _asking = Task.Run(() => notLacking(state.Left, stopping), stopping);
        return [];
    }
}
