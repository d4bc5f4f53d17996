using System.Net.Sockets;
using Checkout.Chassis.Registry;
using Npgsql;
using Polly;
using Polly.Retry;

namespace Checkout.Chassis.Resilience;

/// <summary>Tells an outage (go on later) from a fault of the data (park), and waits one out.</summary>
public static class Outage
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(3);
    private const string IdleInTransactionSessionTimeout = "25P03";

    /// <summary>
    /// SQLSTATE classes: 08 connection, 53 insufficient resources, 57 operator intervention (shutdown, cancelled), 58
    /// system error, 25006 read-only (a primary that became a standby), 25P03 session ended (the process was frozen in
    /// a transaction), 3D000/28 where the database or the role is not there yet.
    /// </summary>
    public static bool IsOutage(Exception e) => e switch
    {
        // A registry that refuses to be read (401, 403) is one that is not there for us: the event is not at fault.
        // One that contradicts the records is not the one they were written with.
        RegistryUnavailableException or SchemaRefusedException or SchemaContradictedException => true,
        PostgresException p =>
            p.SqlState is PostgresErrorCodes.ReadOnlySqlTransaction or IdleInTransactionSessionTimeout
                or PostgresErrorCodes.InvalidCatalogName
            || p.SqlState.StartsWith("08", StringComparison.Ordinal)
            || p.SqlState.StartsWith("53", StringComparison.Ordinal)
            || p.SqlState.StartsWith("57", StringComparison.Ordinal)
            || p.SqlState.StartsWith("58", StringComparison.Ordinal)
            || p.SqlState.StartsWith("28", StringComparison.Ordinal),
        NpgsqlException or SocketException or TimeoutException or IOException => true,
        _ => false,
    };

    /// <summary>
    /// Two transactions stood in each other's way: nothing was done, and the next try will find another order.
    /// </summary>
    public static bool IsCollision(Exception e) => e is PostgresException
    {
        SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure
            or PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.LockNotAvailable
    };

    /// <summary>
    /// SQLSTATE 22 (data exception) and 23 (constraint violation): some record of the batch asks for what can't be
    /// stored.
    /// </summary>
    public static bool IsFaultOfData(Exception e) => e is PostgresException p
        && (p.SqlState.StartsWith("22", StringComparison.Ordinal)
            || p.SqlState.StartsWith("23", StringComparison.Ordinal));

    /// <summary>
    /// Tries again until it goes well or is cancelled: exponential backoff with jitter, at most MaxDelay apart.
    /// </summary>
    public static ResiliencePipeline WaitedOut(Action<Exception, TimeSpan> onOutage, TimeProvider time) =>
        new ResiliencePipelineBuilder { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<Exception>(IsOutage),
            MaxRetryAttempts = int.MaxValue,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = FirstDelay,
            MaxDelay = MaxDelay,
            OnRetry = retry =>
            {
                onOutage(retry.Outcome.Exception!, retry.RetryDelay);
                return ValueTask.CompletedTask;
            },
        })
        .Build();
}
