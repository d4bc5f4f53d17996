namespace Checkout.Servers;

/// <summary>What to run, and how to end it.</summary>
public sealed record ChildSettings
{
    /// <summary>A path, or a name found through PATH.</summary>
    public required string Program { get; init; }

    public IReadOnlyList<string> Arguments { get; init; } = [];

    public string? WorkingDirectory { get; init; }

    /// <summary>Added to our own environment; null takes a variable away.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>
    /// Both outputs are appended to this file. It is opened before the change to <see cref="RunAs"/>, so that user need
    /// not reach it.
    /// </summary>
    public string? LogFile { get; init; }

    /// <summary>Called with each line of both outputs, if no <see cref="LogFile"/> is given.</summary>
    public Action<string>? OnLine { get; init; }

    /// <summary>The signal that asks the program to end: TERM for most, INT for PostgreSQL's fast shutdown.</summary>
    public string StopSignal { get; init; } = "TERM";

    /// <summary>How long the program may take to end after the stop signal before it is killed.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The user to run as; only root can give one.</summary>
    public string? RunAs { get; init; }
}
