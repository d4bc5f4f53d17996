namespace Checkout.Store;

/// <summary>Every log line of Store's own.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "Posts are refused ({Reason}): {UnderWay} checkouts under way, the oldest of "
        + "the queue for {WaitSeconds:F1} s, {Stuck} stuck, {EndsPerSecond:F0} ended a second of late")]
    public static partial void Shut(ILogger logger, string reason, int underWay, double waitSeconds, int stuck,
        double endsPerSecond);

    [LoggerMessage(2, LogLevel.Information, "Posts are taken again")]
    public static partial void OpenAgain(ILogger logger);

    [LoggerMessage(3, LogLevel.Warning, "What is under way could not be read: {Problem}")]
    public static partial void NotReconciled(ILogger logger, string problem);
}
