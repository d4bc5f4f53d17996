namespace Checkout.Observer;

/// <summary>Every log line of the Observer's own.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Error, "Violation {Kind}, {Subject}: {What}")]
    public static partial void Violated(ILogger logger, string kind, string subject, string what);

    [LoggerMessage(2, LogLevel.Warning, "The audit waits: {Problem}; asked again in {DelayMs:F0} ms")]
    public static partial void Waits(ILogger logger, string problem, double delayMs);

    [LoggerMessage(3, LogLevel.Warning, "{Topic}/{Partition} is not the topic of before, and is read from its start")]
    public static partial void ReadAnew(ILogger logger, string topic, int partition);

    [LoggerMessage(4, LogLevel.Warning, "The ends of the topics can't be asked: {Problem}")]
    public static partial void NoEnds(ILogger logger, string problem);

    [LoggerMessage(5, LogLevel.Error, "The audit failed and goes on from what is in its database")]
    public static partial void AuditFailed(ILogger logger, Exception exception);

    [LoggerMessage(6, LogLevel.Warning, "{Process} does not say how far it is: {Problem}")]
    public static partial void ProcessSilent(ILogger logger, string process, string problem);

    [LoggerMessage(7, LogLevel.Warning, "{What}, and the topics are read again")]
    public static partial void ReadsAgain(ILogger logger, string what);

    [LoggerMessage(8, LogLevel.Information, "{Violations} holes of {Topic} are explained by its store's refill, and "
        + "settled")]
    public static partial void LostSettled(ILogger logger, long violations, string topic);
}
