using System.Text.Json;
using System.Text.RegularExpressions;
using Checkout.EndToEnd.Http;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Checkout.Local;
using Xunit;

namespace Checkout.EndToEnd.Monitoring;

/// <summary>What live processes tell at /metrics, against what rules, the dashboard and operators expect.</summary>
[Collection(SharedSystem.Collection)]
public sealed partial class MetricsTests(SharedSystem shared)
{
    /// <summary>None has more values than there are topics, checks, states and the like.</summary>
    private static readonly string[] Labels =
    [
        "check", "cloudevents_event_source", "kind", "late", "le", "process", "waits_for",
        "messaging_consumer_group_name", "messaging_destination_name", "otel_scope_name", "otel_scope_version",
        "reason", "state", "status", "store",
        "service_instance_id", "service_name", "telemetry_sdk_language", "telemetry_sdk_name",
        "telemetry_sdk_version",
    ];

    /// <summary>Those of libraries, whose values are of a fixed set, too.</summary>
    private static readonly string[] LibraryLabels =
    [
        "aspnetcore_", "cpu_mode", "db_", "error_type", "gc_", "http_", "network_", "server_", "tls_", "url_scheme",
    ];

    private readonly TestSystem _system = shared.System;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_metric_that_a_rule_or_a_panel_names_is_there()
    {
        // A refused post and a late checkout need none: what they count is there from the start.
        await EndedAsync();
        var told = (await TextsAsync()).SelectMany(text => Names().Matches(text.Value).Select(m => m.Groups[1].Value))
            .ToHashSet();
        var named = new List<string>();
        foreach (var file in Directory.GetFiles(Path.Combine(Layout.Root, "deploy", "monitoring"), "*",
            SearchOption.AllDirectories).Where(file => !file.EndsWith(".test.yml", StringComparison.Ordinal)))
            named.AddRange(Named().Matches(await File.ReadAllTextAsync(file, Cancel)).Select(m => m.Value));
        Assert.True(named.Distinct().Count() > 15, string.Join(' ', named.Distinct()));
        Assert.Empty(named.Distinct().Except(told));
    }

    [Fact]
    public async Task What_operators_count_is_there_from_the_start_of_each_process()
    {
        var texts = await TextsAsync();
        foreach (var service in new[] { "store", "balance", "inventory" })
            foreach (var name in new[]
            {
                "reactor_lag_messages{", "reactor_lag_duration_seconds{", "reactor_parked_rows{",
                "reactor_parked_oldest_age_seconds{", "reactor_held_partitions{", "reactor_failing_duration_seconds{",
                "reactor_restarts_total{", "reactor_standing_partitions{", "reactor_refusals{",
                "kafka_silence_seconds{",
                "health_status{",
            })
                Assert.Contains($"\n{name}", texts[service], StringComparison.Ordinal);
        foreach (var state in new[] { "completed", "failed", "refunded" })
            foreach (var late in new[] { "true", "false" })
                Assert.Matches($"checkouts_ended_total{{[^}}]*late=\"{late}\",state=\"{state}\"}}", texts["store"]);
        foreach (var state in new[] { "completed", "failed", "refunded" })
            Assert.Matches($"checkouts_duration_seconds_count{{[^}}]*state=\"{state}\"}}", texts["store"]);
        foreach (var name in new[] { "logtailer_lag_events{", "logtailer_lag_duration_seconds{", "health_status{" })
            Assert.Contains($"\n{name}", texts["logtailer"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_checkout_that_ends_is_counted_once_with_how_it_ended()
    {
        var before = await SettledAsync();
        await EndedAsync();
        await CountedAsync(before with { Completed = before.Completed + 1 });
        var customer = await _system.Game.NewAsync(coins: 1);
        await _system.Game.EndOfAsync(customer, await _system.Game.BuyAsync(customer, "gorilla", "k", Cancel));
        await CountedAsync(before with { Completed = before.Completed + 1, Failed = before.Failed + 1 });
    }

    [Fact]
    public async Task Labels_do_not_grow_with_customers_or_checkouts()
    {
        await EndedAsync();
        foreach (var (process, text) in await TextsAsync())
            Assert.Empty(LabelNames().Matches(text).Select(m => m.Groups[1].Value).Distinct().Except(Labels)
                .Where(label => !LibraryLabels.Any(start => label.StartsWith(start, StringComparison.Ordinal)))
                .Select(label => $"{process}: {label}"));
    }

    [Fact]
    public async Task Prometheus_finds_nothing_wrong_with_them()
    {
        foreach (var (process, text) in await TextsAsync())
        {
            var (code, said) = await Promtool.RunAsync(["check", "metrics"], text);
            Assert.True(code == 0, $"{process}: {said}");
        }
    }

    private async Task EndedAsync()
    {
        var customer = await _system.Game.NewAsync(coins: 500);
        await _system.Game.EndOfAsync(customer, await _system.Game.BuyAsync(customer, "gorilla", "k", Cancel));
    }

    /// <summary>Counted after the commit that a client may have seen, and told some tenths of a second later.</summary>
    private async Task CountedAsync(Ends expected)
    {
        await Eventually.Until(async () => (await EndsAsync()).Sum >= expected.Sum, "it is counted");
        Assert.Equal(expected, await EndsAsync());
    }

    /// <summary>What others caused before may be told some tenths of a second later.</summary>
    private async Task<Ends> SettledAsync()
    {
        var (ends, since) = (await EndsAsync(), System.Diagnostics.Stopwatch.StartNew());
        await Eventually.Until(async () =>
        {
            var now = await EndsAsync();
            if (now != ends) (ends, since) = (now, System.Diagnostics.Stopwatch.StartNew());
            return since.Elapsed > TimeSpan.FromSeconds(1);
        }, "nothing ends any more");
        return ends;
    }

    private sealed record Ends(int Completed, int Failed, int Refunded)
    {
        public int Sum => Completed + Failed + Refunded;
    }

    private async Task<Ends> EndsAsync()
    {
        var text = (await TextsAsync())["store"];
        return new(Of("completed"), Of("failed"), Of("refunded"));

        int Of(string state) => Regex.Matches(text, $"checkouts_ended_total{{[^}}]*state=\"{state}\"}} ([0-9]+)")
            .Sum(match => int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture));
    }

    private async Task<Dictionary<string, string>> TextsAsync()
    {
        var texts = new Dictionary<string, string>();
        foreach (var process in _system.Local.Processes)
            texts[process.Name] = (await Answer.GetAsAsync("metrics", $"{process.Url}/metrics")).Text;
        return texts;
    }

    /// <summary>As a sample begins.</summary>
    [GeneratedRegex("^([a-z_]+)(?:{| )", RegexOptions.Multiline)]
    private static partial Regex Names();

    /// <summary>In an expression: with the prefix of one of ours, or of the library that tells of requests.</summary>
    [GeneratedRegex(@"(?<![a-z_:.""/])"
        + "(checkouts|reactor|logtailer|health|kafka|http_server|messaging_process|observer|state)"
        + @"_[a-z_]+(?=\{|\[|\)| [><=]| by)")]
    private static partial Regex Named();

    [GeneratedRegex(@"[{,]([a-z_]+)=""")]
    private static partial Regex LabelNames();
}
