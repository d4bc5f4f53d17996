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
    /// a transaction), 3D000/28 where the database or the role is not there yet, 55000 where somebody lets nobody in.
    /// </summary>
    public static bool IsOutage(Exception e) => e switch
    {
        // A registry that refuses to be read (401, 403) is one that is not there for us: the event is not at fault.
        // One that contradicts the records is not the one they were written with.
        RegistryUnavailableException or SchemaRefusedException or SchemaContradictedException => true,
        StoreWentBackException => true,
        PostgresException p =>
            p.SqlState is PostgresErrorCodes.ReadOnlySqlTransaction or IdleInTransactionSessionTimeout
                or PostgresErrorCodes.InvalidCatalogName or PostgresErrorCodes.ObjectNotInPrerequisiteState
            || p.SqlState.StartsWith("08", StringComparison.Ordinal)
            || p.SqlState.StartsWith("53", StringComparison.Ordinal)
            || p.SqlState.StartsWith("57", StringComparison.Ordinal)
            || p.SqlState.StartsWith("58", StringComparison.Ordinal)
            || p.SqlState.StartsWith("28", StringComparison.Ordinal),
        NpgsqlException or SocketException or TimeoutException or IOException => true,
        _ => IsOfTheDriver(e),
    };

    /// <summary>
    /// The driver does not understand its server any more, and has closed the connection: so it is after a statement
    /// whose parameters or rights were refused just when it was prepared (seen, Npgsql 10.0.3: "Received unexpected
    /// backend message"; npgsql#6391). It has no type of its own, and who comes next is not at fault.
    /// </summary>
    private static bool IsOfTheDriver(Exception e) =>
        e.GetType() == typeof(Exception) && e.Source == typeof(NpgsqlConnection).Assembly.GetName().Name;

    /// <summary>
    /// A table, a column or a right that is missing (42, 3F), or a plan that is outdated (0A): statements are fixed, so
    /// no input makes that, and somebody has to put the database in order.
    /// </summary>
    public static bool IsOfTheDatabase(Exception e) => e is PostgresException p
        && (p.SqlState.StartsWith("42", StringComparison.Ordinal)
            || p.SqlState.StartsWith("3F", StringComparison.Ordinal)
            || p.SqlState.StartsWith("0A", StringComparison.Ordinal));

    /// <summary>
    /// What was asked for may be asked for again as it is, when the server answers or is in order again.
    /// </summary>
    public static bool IsNobodysFault(Exception e) => IsOutage(e) || IsOfTheDatabase(e);

    /// <summary>
    /// Two transactions stood in each other's way: nothing was done, and the next try will find another order.
    /// </summary>
    public static bool IsCollision(Exception e) => e is PostgresException
    {
        SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure
            or PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.LockNotAvailable
    };

    /// <summary>
    /// Whatever is not known to be an outage or a collision is some record's or request's fault, so that no input
    /// whatever can keep a batch from ending. A unique violation that stays is one, too: a second answer.
    /// </summary>
    public static bool IsFaultOfData(Exception e) =>
        e is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation }
        || !(IsNobodysFault(e) || IsCollision(e)
            || e is NotYetVisibleException or OperationCanceledException or OutOfMemoryException);

    /// <summary>
    /// Tries again until it goes well or is cancelled: exponential backoff with jitter, at most MaxDelay apart.
    /// </summary>
    /// <param name="isOutage">What is waited out; an outage where nothing is said.</param>
    public static ResiliencePipeline WaitedOut(Action<Exception, TimeSpan> onOutage, TimeProvider time,
        Func<Exception, bool>? isOutage = null) =>
        new ResiliencePipelineBuilder { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle(isOutage ?? IsOutage),
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
