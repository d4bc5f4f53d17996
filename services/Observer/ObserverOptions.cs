namespace Checkout.Observer;

/// <summary>What the Observer is told beside where servers are; the section Observer.</summary>
public sealed class ObserverOptions
{
    public const string TracePlace = "{traceId}";

    /// <summary>The processes that are asked how far they are.</summary>
    public IList<ProcessOptions> Processes { get; init; } = [];

    /// <summary>
    /// Sent to each process that is asked: of the scope metrics. Not needed where they have a Management:Url.
    /// </summary>
    public string? Token { get; set; }

    /// <summary>
    /// The private key (PEM) with which the Observer signs that token itself; in development only.
    /// </summary>
    public string? DevelopmentKeyFile { get; set; }

    public TimeSpan AskInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>An event that is due for longer is stuck.</summary>
    public TimeSpan StuckAfter { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>A position that no partition has is missing after so long; until then its record may come.</summary>
    public TimeSpan MissingAfter { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// So far clocks may be apart where a deadline is judged; Reactor:ClockTolerance of the services.
    /// </summary>
    public TimeSpan ClockTolerance { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Where a trace is looked at, such as http://jaeger:16686/trace/{traceId}; none where not given.
    /// </summary>
    public string? TraceUrl { get; set; }

    public IEnumerable<string> Problems(bool isDevelopment)
    {
        for (var i = 0; i < Processes.Count; i++)
            foreach (var problem in Processes[i].Problems($"Observer:Processes:{i}")) yield return problem;
        foreach (var twice in Processes.GroupBy(p => p.Name).Where(g => g.Count() > 1))
            yield return $"Observer:Processes names {twice.Key} {twice.Count()} times; give each process a name of its "
                + "own.";
        if (Token is not null && DevelopmentKeyFile is not null)
            yield return "Observer:Token and Observer:DevelopmentKeyFile are both given; give one of them.";
        if (DevelopmentKeyFile is not null && !isDevelopment)
            yield return "Observer:DevelopmentKeyFile is for development: give Observer:Token, or give the processes a "
                + "Management:Url.";
        if (TraceUrl is not null && !TraceUrl.Contains(TracePlace, StringComparison.Ordinal))
            yield return $"Observer:TraceUrl is {TraceUrl}; give an address with {TracePlace} in it, such as "
                + $"http://localhost:16686/trace/{TracePlace}.";
        foreach (var (name, time) in new[] { (nameof(AskInterval), AskInterval), (nameof(StuckAfter), StuckAfter),
            (nameof(MissingAfter), MissingAfter) })
            if (time <= TimeSpan.Zero)
                yield return $"Observer:{name} is {time}; give a time as hh:mm:ss, such as 00:00:10.";
        if (ClockTolerance < TimeSpan.Zero)
            yield return $"Observer:ClockTolerance is {ClockTolerance}; give a time as hh:mm:ss, such as 00:00:02.";
    }
}

/// <summary>A process that is asked.</summary>
public sealed class ProcessOptions
{
    /// <summary>Of its service, such as balance, or balance-2; a tailer's begins with logtailer.</summary>
    public string Name { get; set; } = "";

    /// <summary>Where its /metrics is.</summary>
    public string Url { get; set; } = "";

    internal IEnumerable<string> Problems(string path)
    {
        if (string.IsNullOrWhiteSpace(Name)) yield return $"{path}:Name is missing; give one such as balance.";
        if (!Uri.TryCreate(Url, UriKind.Absolute, out var url)
            || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps))
            yield return $"{path}:Url is '{Url}'; give the http or https address at which the process has /metrics, "
                + "such as http://balance:8081.";
    }
}
