using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace Checkout.Chassis.Registry;

/// <summary>
/// Schema ids by schema and schemas by id, from any registry with Confluent's REST contract. Both never change, so both
/// are remembered for ever.
/// </summary>
public sealed class RegistryClient
{
    public const int MaxRetries = 3;
    public static readonly TimeSpan FirstRetryDelay = TimeSpan.FromMilliseconds(200);
    public static readonly TimeSpan LongestRetryDelay = TimeSpan.FromSeconds(2);
    public static readonly TimeSpan AttemptTimeout = TimeSpan.FromSeconds(5);
    public const string SubjectCompatibility = "FULL_TRANSITIVE";

    // Without a charset, as the registries' own clients send it.
    private static readonly MediaTypeHeaderValue RegistryJson = new("application/vnd.schemaregistry.v1+json");

    private readonly HttpClient _http;
    private readonly Uri _root;
    private readonly bool _register;
    private readonly AuthenticationHeaderValue? _credentials;
    private readonly ResiliencePipeline<HttpResponseMessage> _retrying;
    private readonly ConcurrentDictionary<(string Subject, string Schema), int> _ids = new();
    private readonly ConcurrentDictionary<int, string> _schemas = new();
    private readonly ConcurrentDictionary<string, bool> _guarded = new();

    public RegistryClient(HttpClient http, RegistryOptions options, TimeProvider? time = null)
    {
        var url = options.Url ?? throw new ArgumentException(options.Faults().First(), nameof(options));
        _http = http;
        _register = options.AutoRegister;
        if (url.UserInfo.Length > 0)
            _credentials = new("Basic",
                Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(url.UserInfo))));
        // The slash keeps the address's own path when subjects are resolved against it.
        _root = new UriBuilder(url) { UserName = "", Password = "", Path = url.AbsolutePath.TrimEnd('/') + "/" }.Uri;
        _retrying = Retrying(time ?? TimeProvider.System);
    }

    /// <summary>
    /// The id under which the registry knows this schema in this subject; registers it if it may and the registry does
    /// not know it yet.
    /// </summary>
    public async Task<int> IdOfAsync(string subject, string schemaText, CancellationToken stop)
    {
        if (_ids.TryGetValue((subject, schemaText), out var known)) return known;
        var id = _register
            ? await RegisterAsync(subject, schemaText, stop) : await LookUpAsync(subject, schemaText, stop);
        _ids.TryAdd((subject, schemaText), id);
        return id;
    }

    public async Task<string> SchemaOfAsync(int id, CancellationToken stop)
    {
        if (_schemas.TryGetValue(id, out var known)) return known;
        using var answer = await SendAsync(HttpMethod.Get, $"schemas/ids/{id}", null, stop);
        if (answer.Status == HttpStatusCode.NotFound)
            throw new SchemaNotFoundException($"The registry at {_root} has no schema with id {id}: the record was "
                + $"framed with the ids of another registry, or the schema was deleted there.");
        var schema = Understood(answer, $"schema id {id}").GetProperty("schema").GetString()!;
        _schemas.TryAdd(id, schema);
        return schema;
    }

    private async Task<int> RegisterAsync(string subject, string schemaText, CancellationToken stop)
    {
        // Before the first version, so that no version was ever accepted under a weaker rule.
        var guarded = _guarded.ContainsKey(subject) || await GuardAsync(subject, stop);
        int id;
        using (var answer = await SendAsync(HttpMethod.Post, $"subjects/{Uri.EscapeDataString(subject)}/versions",
            SchemaBody(schemaText), stop))
            id = Understood(answer, $"subject '{subject}'").GetProperty("id").GetInt32();
        if (!guarded) await GuardAsync(subject, stop);
        return id;
    }

    private async Task<int> LookUpAsync(string subject, string schemaText, CancellationToken stop)
    {
        using var answer = await SendAsync(HttpMethod.Post, $"subjects/{Uri.EscapeDataString(subject)}",
            SchemaBody(schemaText), stop);
        if (answer.Status == HttpStatusCode.NotFound)
            throw new SchemaNotFoundException($"The registry at {_root} does not know this schema under subject "
                + $"'{subject}', and Registry:AutoRegister is false: register it in the release pipeline. The "
                + $"registry says: {answer.Message}");
        return Understood(answer, $"subject '{subject}'").GetProperty("id").GetInt32();
    }

    /// <summary>False where the registry only takes a rule for a subject that has a version already.</summary>
    private async Task<bool> GuardAsync(string subject, CancellationToken stop)
    {
        var body = $$"""{"compatibility":"{{SubjectCompatibility}}"}""";
        using var answer = await SendAsync(HttpMethod.Put, $"config/{Uri.EscapeDataString(subject)}", body, stop);
        if (answer.Status == HttpStatusCode.NotFound) return false;
        Understood(answer, $"the compatibility of subject '{subject}'");
        return _guarded[subject] = true;
    }

    private static string SchemaBody(string schemaText) =>
        $$"""{"schema":{{JsonEncodedText(schemaText)}},"schemaType":"AVRO"}""";

    private static string JsonEncodedText(string text) => $"\"{System.Text.Json.JsonEncodedText.Encode(text)}\"";

    private JsonElement Understood(Answer answer, string about)
    {
        if (answer.IsSuccess) return answer.Json
            ?? throw new RegistryUnavailableException($"The registry at {_root} answered {(int)answer.Status} about "
            + $"{about} with a body that is not JSON.");
        var said = $"The registry at {_root} answered {(int)answer.Status} about {about}: {answer.Message}";
        throw (int)answer.Status switch
        {
            409 => new SchemaRefusedException($"{said} The new schema is not compatible ({SubjectCompatibility}) "
                + $"with an earlier version: give added and removed fields a default, or give the event a new name."),
            422 => new SchemaRefusedException($"{said} The registry does not accept this as a valid Avro schema or "
                + "setting: correct it in the contracts."),
            401 or 403 => new SchemaRefusedException(
                $"{said} Allow this process to register schemas, or register them in the release pipeline and set "
                + $"Registry:AutoRegister to false."),
            404 => new SchemaNotFoundException(said),
            408 or 429 or >= 500 => new RegistryUnavailableException(said),
            _ => new SchemaRefusedException(
                $"{said} Check that Registry:Url is the address of a registry with Confluent's REST contract."),
        };
    }

    private async Task<Answer> SendAsync(HttpMethod method, string path, string? body, CancellationToken stop)
    {
        try
        {
            using var response = await _retrying.ExecuteAsync(async token =>
                await AttemptAsync(method, path, body, token), stop);
            return await Answer.ReadAsync(response, stop);
        }
        catch (Exception e) when (e is HttpRequestException or TimeoutRejectedException or IOException)
        {
            throw new RegistryUnavailableException($"The registry at {_root} does not answer: {e.Message}", e);
        }
    }

    private Task<HttpResponseMessage> AttemptAsync(HttpMethod method, string path, string? body, CancellationToken stop)
    {
        var request = new HttpRequestMessage(method, new Uri(_root, path));
        request.Headers.Authorization = _credentials;
        request.Headers.Accept.Add(new("application/vnd.schemaregistry.v1+json"));
        request.Headers.Accept.Add(new("application/json"));
        if (body is not null) request.Content = new StringContent(body, RegistryJson);
        return _http.SendAsync(request, stop);
    }

    private static ResiliencePipeline<HttpResponseMessage> Retrying(TimeProvider time) =>
        new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                MaxRetryAttempts = MaxRetries,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = FirstRetryDelay,
                MaxDelay = LongestRetryDelay,
                ShouldHandle = new PredicateBuilder<HttpResponseMessage>()
                    .Handle<HttpRequestException>().Handle<TimeoutRejectedException>()
                    .HandleResult(r => r.StatusCode is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests
                        || (int)r.StatusCode >= 500),
            })
            .AddTimeout(AttemptTimeout)
            .Build();

    private sealed record Answer(HttpStatusCode Status, JsonDocument? Document) : IDisposable
    {
        public bool IsSuccess => (int)Status is >= 200 and < 300;
        public JsonElement? Json => Document?.RootElement;
        public string Message =>
            Json is { ValueKind: JsonValueKind.Object } o && o.TryGetProperty("message", out var m)
                ? m.ToString() : "(no message)";

        public static async Task<Answer> ReadAsync(HttpResponseMessage response, CancellationToken stop)
        {
            var text = await response.Content.ReadAsStringAsync(stop);
            try { return new(response.StatusCode, JsonDocument.Parse(text)); }
            catch (JsonException) { return new(response.StatusCode, null); }
        }

        public void Dispose() => Document?.Dispose();
    }
}
