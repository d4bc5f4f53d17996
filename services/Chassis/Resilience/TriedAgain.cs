using Polly;
using Polly.Retry;

namespace Checkout.Chassis.Resilience;

/// <summary>
/// How a transaction that came to nothing through no fault of its own is tried again: one way for all of them.
/// </summary>
public static class TriedAgain
{
    private const int MaxCollisions = 20;
    private const int MaxNotYetVisible = 40;
    private static readonly TimeSpan CollisionDelay = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan MaxCollisionDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan NotYetVisibleDelay = TimeSpan.FromMilliseconds(25);

    /// <summary>
    /// At once at first and then ever later where two transactions stood in each other's way; for a second where an own
    /// commit is not visible yet.
    /// </summary>
    /// <param name="onRetry">Told of each failure that is followed by another try.</param>
    public static ResiliencePipeline Pipeline(Action<Exception> onRetry, TimeProvider time) =>
        new ResiliencePipelineBuilder { TimeProvider = time }
        .AddRetry(
            Retry(new PredicateBuilder().Handle<NotYetVisibleException>(), MaxNotYetVisible, DelayBackoffType.Constant,
                NotYetVisibleDelay, onRetry))
        .AddRetry(
            Retry(new PredicateBuilder().Handle<Exception>(Outage.IsCollision), MaxCollisions,
                DelayBackoffType.Exponential, CollisionDelay, onRetry))
        .Build();

    private static RetryStrategyOptions Retry(PredicateBuilder<object> handled, int attempts, DelayBackoffType backoff,
        TimeSpan delay, Action<Exception> onRetry) => new()
        {
            ShouldHandle = handled,
            MaxRetryAttempts = attempts,
            BackoffType = backoff,
            UseJitter = backoff == DelayBackoffType.Exponential,
            Delay = delay,
            MaxDelay = MaxCollisionDelay,
            OnRetry = retry =>
            {
                onRetry(retry.Outcome.Exception!);
                return ValueTask.CompletedTask;
            },
        };
}
