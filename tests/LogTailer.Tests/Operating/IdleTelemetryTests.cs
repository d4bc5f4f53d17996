using System.Globalization;
using System.Text.RegularExpressions;
using Checkout.Fixtures;
using Xunit;

namespace Checkout.LogTailer.Tests;

/// <summary>What the program tells while there is nothing to tell.</summary>
public sealed partial class IdleTelemetryTests(PostgresFixture postgres, BrokerFixture brokers,
    RegistryFixture registry)
{
    private const int Looks = 20;

    [Fact]
    public async Task An_idle_tail_makes_no_trace_of_its_looks_at_the_database_and_its_counters_are_there_at_0()
    {
        var broker = await brokers.BrokerAsync();
        using var otlp = new OtlpStub();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync(), broker);
        await using var tailer = TailerProcess.Start("idle", store, broker, registry.Url,
            $"--OTEL_EXPORTER_OTLP_TRACES_ENDPOINT={otlp.Url}",
            "--OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf", "--OTEL_BSP_SCHEDULE_DELAY=50");
        await tailer.UntilAsync("active");
        var metrics = await tailer.GetAsync("/metrics");
        foreach (var counter in new[] { "published_events", "healed_events", "lost_slots" })
            Assert.Contains(metrics.Split('\n'), line =>
                line.StartsWith($"logtailer_{counter}_total{{", StringComparison.Ordinal)
                && line.Contains($"store=\"{store.Topic}\"", StringComparison.Ordinal) && line.Split(' ')[1] == "0");

        var before = Statements(metrics);
        await Eventually.Until(async () => Statements(await tailer.GetAsync("/metrics")) >= before + Looks,
            $"{Looks} looks at the database");
        await store.AppendAsync(new Sample("customer-1")
        {
            TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        });
        await Eventually.Until(() => otlp.Names($"send {store.Topic}"), "the span of an event is exported");
        Assert.False(otlp.Names("Npgsql"));
        Assert.False(otlp.Names("customer-1"));
    }

    private static int Statements(string metrics) => Counts().Matches(metrics)
        .Sum(count => int.Parse(count.Groups[1].Value, CultureInfo.InvariantCulture));

    [GeneratedRegex(@"^db_client_operation_duration_seconds_count\{.*\} (\d+)", RegexOptions.Multiline)]
    private static partial Regex Counts();
}
