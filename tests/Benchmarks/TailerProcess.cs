using System.Globalization;
using Checkout.Servers;

namespace Checkout.Benchmarks;

/// <summary>LogTailer as it runs in production: a process of its own, built as this program was.</summary>
internal sealed class TailerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromMinutes(2);
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(5) };

    private readonly string _url = $"http://127.0.0.1:{Ports.Free()}";
    private readonly ChildProcess _process;

    /// <param name="stores">Their ReadBy stays empty: nobody reads, and on the in-memory broker the tailer would wait
    /// for readers.</param>
    /// <param name="onLine">Its log lines, JSON.</param>
    public TailerProcess(Broker broker, string registryUrl, IEnumerable<FilledStore> stores,
        Action<string>? onLine = null) => _process = ChildProcess.Start(new()
        {
            Program = "dotnet",
            Arguments =
        [
            Path.Combine(AppContext.BaseDirectory, "Checkout.LogTailer.dll"), "--urls", _url,
                $"--Registry:Url={registryUrl}",
            $"--Kafka:BootstrapServers={broker.Bootstrap}", $"--Kafka:InMemory={broker.IsInMemory}",
            "--Kafka:TopicReplicationFactor=1", "--Kafka:MinInSyncReplicas=1",
            .. stores.SelectMany((store, i) => new[] { $"--Stores:{i}:Name={store.Owner.Name}",
                $"--Stores:{i}:ConnectionString={store.ConnectionString}" }),
        ],
            WorkingDirectory = AppContext.BaseDirectory,
            OnLine = onLine,
        });

    public int Pid => _process.Pid;

    public async Task ActiveAsync(CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(StartDeadline);
        while (!await IsAsync("active", deadline.Token))
        {
            if (_process.HasExited) throw new ServerFailedException(
                $"LogTailer ended with code {_process.ExitCode}:\n{_process.LastLines()}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), deadline.Token);
        }
    }

    public async Task<bool> IsAsync(string state, CancellationToken cancel) =>
        (await GetAsync("/health/ready", cancel)).Contains($": {state}:", StringComparison.Ordinal);

    public void Signal(string name) => _process.Signal(name);

    /// <summary>Its histogram from commit to acknowledgement: how many were within each bound, so far.</summary>
    public async Task<Histogram> HistogramAsync(CancellationToken cancel)
    {
        const string bucket = "logtailer_publish_duration_seconds_bucket";
        const string bound = "le=\"";
        var buckets = new SortedList<double, long>();
        foreach (var line in (await GetAsync("/metrics", cancel)).Split('\n')
            .Where(line => line.StartsWith(bucket, StringComparison.Ordinal)))
        {
            var from = line.IndexOf(bound, StringComparison.Ordinal) + bound.Length;
            var le = line[from..line.IndexOf('"', from)];
            var count = line[(line.IndexOf('}') + 2)..].Split(' ')[0];
            var withinSeconds = le == "+Inf" ? double.PositiveInfinity : double.Parse(le, CultureInfo.InvariantCulture);
            buckets[withinSeconds] = (long)double.Parse(count, CultureInfo.InvariantCulture);
        }
        return new(buckets);
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private async Task<string> GetAsync(string path, CancellationToken cancel)
    {
        try
        {
            using var answer = await Http.GetAsync(new Uri(_url + path), cancel);
            return await answer.Content.ReadAsStringAsync(cancel);
        }
        catch (Exception e)
            when (e is HttpRequestException || (e is TaskCanceledException && !cancel.IsCancellationRequested))
        {
            return "";
        }
    }
}

/// <summary>Prometheus' cumulative buckets.</summary>
internal sealed record Histogram(SortedList<double, long> Buckets)
{
    public Histogram Since(Histogram earlier) =>
        new(new SortedList<double, long>(
            Buckets.ToDictionary(b => b.Key, b => b.Value - earlier.Buckets.GetValueOrDefault(b.Key))));

    /// <summary>
    /// Between the bounds of its bucket taken as evenly spread, as Prometheus' histogram_quantile does.
    /// </summary>
    public double QuantileMs(double quantile)
    {
        if (Buckets.Count == 0) return double.NaN;
        var wanted = quantile * Buckets.Values[^1];
        var i = Buckets.Values.TakeWhile(count => count < wanted).Count();
        var (below, lower) = i == 0 ? (0, 0) : (Buckets.Values[i - 1], Buckets.Keys[i - 1]);
        if (double.IsPositiveInfinity(Buckets.Keys[i])) return lower * 1_000;
        return 1_000 * (lower + (Buckets.Keys[i] - lower) * (wanted - below) / Math.Max(1, Buckets.Values[i] - below));
    }
}
