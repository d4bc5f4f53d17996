using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text.Json;
using Checkout.Chassis.Identity;
using Checkout.Chassis.Operating;

namespace Checkout.Observer.Asking;

/// <summary>How far a store's topic is, as its tailer says it.</summary>
public sealed record StoreProgress(string Name, string? Topic, string State, string? Reason, long? Acknowledged,
    long? Head);

/// <summary>What a process said last.</summary>
/// <param name="Service">Null where it is a tailer, or did not answer.</param>
/// <param name="Problem">Why it did not answer; null where it did.</param>
public sealed record Asked(string Process, DateTime At, ProgressAnswer? Service,
    IReadOnlyList<StoreProgress> Stores, string? Problem);

/// <summary>
/// Asks each process now and then how far it is, which topics alone can't tell. One that does not answer holds nothing
/// up.
/// </summary>
public sealed class Processes(ObserverOptions options, TimeProvider time, ILogger<Processes> logger) : BackgroundService
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(2);
    private const int MaxAnswerBytes = 1 << 20;

    private readonly HttpClient _http = new()
    {
        Timeout = Within,
        MaxResponseContentBufferSize = MaxAnswerBytes,
    };

    private readonly DevelopmentTokens? _tokens =
        options.DevelopmentKeyFile is { } file ? DevelopmentTokens.Of(file) : null;

    private readonly ConcurrentDictionary<string, Asked> _asked = new();

    /// <summary>In the order of the settings; those that were not asked yet are not there.</summary>
    public IReadOnlyList<Asked> All =>
        [.. options.Processes.Select(process => _asked.GetValueOrDefault(process.Name)).OfType<Asked>()];

    /// <summary>The instances of a service that answered.</summary>
    public IEnumerable<ProgressAnswer> Of(string service) =>
        All.Select(asked => asked.Service).OfType<ProgressAnswer>().Where(answer => answer.Service == service);

    /// <summary>The tailer that publishes this topic; null where none says that it does.</summary>
    public StoreProgress? PublisherOf(string topic) => All.SelectMany(asked => asked.Stores)
        .Where(store => store.Topic == topic).MaxBy(store => (store.Acknowledged is not null, store.Acknowledged));

    /// <summary>Whether it is known that Kafka does not have it yet.</summary>
    public bool IsUnpublished(string topic, long position) =>
        PublisherOf(topic) is { Acknowledged: { } acknowledged } && acknowledged < position;

    /// <summary>Asks a service about one event.</summary>
    /// <returns>Null where no instance answers, or the event is not parked.</returns>
    public async Task<ParkedAtProgress?> ParkedAtAsync(string service, string topic, long position,
        CancellationToken cancellation)
    {
        foreach (var process in options.Processes.Where(p => _asked.GetValueOrDefault(p.Name)?.Service?.Service
            == service))
            if (await AskAsync(process, $"?topic={Uri.EscapeDataString(topic)}&position={position}", cancellation)
                is { Service: { } answer }) return answer.ParkedAt;
        return null;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.AskInterval, time);
        try
        {
            do await AskAllAsync(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    public override void Dispose()
    {
        _http.Dispose();
        base.Dispose();
    }

    private Task AskAllAsync(CancellationToken stopping) => Task.WhenAll(options.Processes.Select(async process =>
    {
        var asked = await AskAsync(process, "", stopping);
        if (asked.Problem is { } problem && _asked.GetValueOrDefault(process.Name)?.Problem is null)
            Log.ProcessSilent(logger, process.Name, problem);
        _asked[process.Name] = asked;
    }));

    private async Task<Asked> AskAsync(ProcessOptions process, string query, CancellationToken cancellation)
    {
        var now = time.GetUtcNow().UtcDateTime;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get,
                $"{process.Url.TrimEnd('/')}/internal/progress{query}");
            if ((options.Token ?? _tokens?.For("observer", now, Scopes.Metrics)) is { } token)
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var answer = await _http.SendAsync(request, cancellation);
            if (!answer.IsSuccessStatusCode) return Silent($"it answers {(int)answer.StatusCode}");
            var text = await answer.Content.ReadAsStringAsync(cancellation);
            return Understood(process.Name, now, text);
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or InvalidOperationException
            || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return Silent(e is OperationCanceledException ? $"it does not answer within {Within.TotalSeconds:F0} s"
                : e.Message);
        }

        Asked Silent(string problem) => new(process.Name, now, null, [], problem);
    }

    private static Asked Understood(string process, DateTime now, string text)
    {
        using var json = JsonDocument.Parse(text);
        return json.RootElement.TryGetProperty("stores", out var stores)
            ? new(process, now, null, stores.Deserialize<List<StoreProgress>>(JsonSerializerOptions.Web)!, null)
            : new(process, now, json.RootElement.Deserialize<ProgressAnswer>(JsonSerializerOptions.Web), [], null);
    }
}
