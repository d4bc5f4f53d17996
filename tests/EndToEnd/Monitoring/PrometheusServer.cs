using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Checkout.EndToEnd.Http;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Checkout.Local;
using Checkout.Servers;
using Xunit;

namespace Checkout.EndToEnd.Monitoring;

/// <summary>
/// A released Prometheus with the rules of deploy/monitoring, their times scaled down, that scrapes a running system.
/// </summary>
internal sealed partial class PrometheusServer : IAsyncDisposable
{
    /// <summary>A minute of the rules is a second here.</summary>
    private const int Scale = 60;

    private readonly ChildProcess _process;
    private readonly HttpClient _http;

    private PrometheusServer(ChildProcess process, int port) =>
        (_process, _http) = (process, new() { BaseAddress = new($"http://127.0.0.1:{port}") });

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<PrometheusServer> StartAsync(TestSystem system, TestFolder folder)
    {
        var program = Promtool.Find("prometheus") ?? throw Prerequisite.Missing("prometheus", Promtool.Missing);
        var token = folder["token"];
        await File.WriteAllTextAsync(token, Answer.TokenOf(system.Addresses.Store, "prometheus", "metrics"), Cancel);
        await File.WriteAllTextAsync(folder["rules.yml"], Scaled(await File.ReadAllTextAsync(
            Path.Combine(Layout.Root, "deploy", "monitoring", "rules.yml"), Cancel)), Cancel);
        await File.WriteAllTextAsync(folder["prometheus.yml"], $"""
            global: {"{"} scrape_interval: 1s, scrape_timeout: 900ms, evaluation_interval: 1s {"}"}
            rule_files: [rules.yml]
            scrape_configs:
            {string.Join('\n', system.Local.Processes.Select(process => $"""
              - job_name: {process.Name}
                authorization: {"{"} credentials_file: {token} {"}"}
                static_configs: [ {"{"} targets: ["{new Uri(process.Url).Authority}"] {"}"} ]
            """))}
            """, Cancel);
        var port = Ports.Free();
        var server = new PrometheusServer(ChildProcess.Start(new()
        {
            Program = program,
            Arguments =
            [
                $"--config.file={folder["prometheus.yml"]}", $"--storage.tsdb.path={folder["prometheus"]}",
                $"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
            ],
            Grace = TimeSpan.FromSeconds(5),
        }), port);
        await Eventually.Until(async () => server._process.HasExited || await server.IsReadyAsync(),
            "Prometheus is ready");
        return server._process.HasExited ? throw new ServerFailedException(server._process.LastLines()) : server;
    }

    /// <summary>The names of the alerts that fire, each with its severity.</summary>
    public async Task<IReadOnlyList<string>> FiringAsync() =>
        (await AskAsync("alerts")).GetProperty("alerts").EnumerateArray()
            .Where(alert => alert.GetProperty("state").GetString() == "firing")
            .Select(alert => $"{Label(alert, "alertname")} ({Label(alert, "severity")})").Distinct().ToList();

    public async Task FiresAsync(string alert) => await Eventually.Until(
        async () => (await FiringAsync()).Contains(alert), $"{alert} fires", Players.Patience);

    public async Task EndsAsync(string alert) => await Eventually.Until(
        async () => !(await FiringAsync()).Contains(alert), $"{alert} is over", Players.Patience);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
    }

    private static string Label(JsonElement alert, string name) =>
        alert.GetProperty("labels").GetProperty(name).GetString()!;

    private static string Scaled(string rules) => Windows().Replace(rules, match =>
    {
        var seconds = int.Parse(match.Groups["n"].Value, CultureInfo.InvariantCulture)
            * (match.Groups["unit"].Value == "h" ? 3_600 : 60);
        return $"{match.Groups["before"].Value}{seconds / Scale}s";
    });

    private async Task<JsonElement> AskAsync(string what) =>
        (await _http.GetFromJsonAsync<JsonElement>(new Uri($"/api/v1/{what}", UriKind.Relative), Cancel))
            .GetProperty("data");

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using var answer = await _http.GetAsync(new Uri("/-/ready", UriKind.Relative), Cancel);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"(?<before>\[|for: )(?<n>[0-9]+)(?<unit>[mh])\b")]
    private static partial Regex Windows();
}
