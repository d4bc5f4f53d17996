using Checkout.Fixtures;
using Checkout.Servers;
using Xunit;

namespace Checkout.LogTailer.Tests;

/// <summary>The program itself, to be killed and frozen.</summary>
public sealed class TailerProcess : IAsyncDisposable
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(5) };
    private readonly ChildProcess _process;
    private readonly string _url;

    public TailerProcess(string name, params string[] settings)
    {
        _url = $"http://127.0.0.1:{Ports.Free()}";
        var output = TestContext.Current.TestOutputHelper;
        _process = ChildProcess.Start(new()
        {
            Program = "dotnet",
            Arguments = [Path.Combine(AppContext.BaseDirectory, "Checkout.LogTailer.dll"), "--urls", _url, .. settings],
            WorkingDirectory = AppContext.BaseDirectory,
            OnLine = line => Say(output, $"{name}: {line}"),
        });
    }

    public static TailerProcess Start(string name, SampleStore store, Broker broker, string registryUrl,
        params string[] more) => new(name, [
        $"--Stores:0:Name={store.Topic}", $"--Stores:0:ConnectionString={store.ConnectionString}",
        $"--Kafka:BootstrapServers={broker.Bootstrap}", $"--Kafka:InMemory={broker.IsInMemory}",
        "--Kafka:TopicReplicationFactor=1", "--Kafka:MinInSyncReplicas=1", $"--Registry:Url={registryUrl}",
        .. more]);

    public Task<int> Exited => _process.Exited;

    public string Said => _process.LastLines();

    public async Task<int> KillAsync()
    {
        _process.Kill();
        return await _process.Exited;
    }

    public void Freeze() => Assert.True(_process.Signal("STOP"));

    public void Wake() => Assert.True(_process.Signal("CONT"));

    public Task UntilAsync(string state) =>
        Eventually.Until(() => IsAsync(state), $"the process {state}", TimeSpan.FromSeconds(90));

    public async Task<bool> IsAsync(string state) =>
        (await GetAsync("/health/ready")).Contains(state, StringComparison.Ordinal);

    public async Task<string> GetAsync(string path)
    {
        try
        {
            using var answer = await Http.GetAsync(new Uri(_url + path));
            return await answer.Content.ReadAsStringAsync();
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return "";
        }
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static void Say(ITestOutputHelper? output, string line)
    {
        try
        {
            output?.WriteLine(line);
        }
        catch (InvalidOperationException)
        {
            // The test is over.
        }
    }
}
