using System.Diagnostics.Metrics;
using System.Net;
using System.Text.RegularExpressions;
using Checkout.Chassis.Telemetry;
using Checkout.Fixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Checkout.Chassis.Tests.Telemetry;

/// <summary>A histogram is there before its first measurement, as the exporter tells it afterwards.</summary>
public sealed partial class WholeHistogramsTests
{
    private static readonly double[] Buckets = [0.025, 0.5, 1, 300];

    private static readonly ToldHistogram Took = new("thing_took_seconds", "seconds", "How long.", Buckets, "state",
        ["good", "bad"], "thing_begun_total");

    [Theory]
    [InlineData("text/plain", "\n")]
    [InlineData("application/openmetrics-text; version=1.0.0", "# EOF\n")]
    public async Task Series_are_the_same_before_and_after_the_first_measurement(string accept, string end)
    {
        await using var app = Host();
        await app.StartAsync(TestContext.Current.CancellationToken);
        var meter = app.Services.GetRequiredService<IMeterFactory>().Create(TelemetryNames.Chassis);
        meter.CreateCounter<long>("thing.begun").Add(0);
        var took = meter.CreateHistogram("thing.took", "s", "How long.", null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = Buckets });
        // As Prometheus asks.
        using var http = new HttpClient(new HttpClientHandler { AutomaticDecompression = DecompressionMethods.GZip });
        http.DefaultRequestHeaders.TryAddWithoutValidation("Accept", accept);

        var before = await TextAsync(text => text.Contains("thing_begun_total", StringComparison.Ordinal));
        Assert.Equal(2 * (Buckets.Length + 3), Series(before).Count);
        Assert.All(Samples().Matches(before), sample => Assert.Equal("0", sample.Groups["value"].Value));
        took.Record(0.7, KeyValuePair.Create("state", (object?)"bad"));
        var half = await TextAsync(text => text.Contains("} 0.7", StringComparison.Ordinal));
        took.Record(0.2, KeyValuePair.Create("state", (object?)"good"));
        var after = await TextAsync(text => text.Contains("} 0.2", StringComparison.Ordinal));

        Assert.Equal(Series(after), Series(before));
        Assert.Equal(Series(after), Series(half));
        Assert.Equal(Headers(after), Headers(before));
        foreach (var text in new[] { before, half, after })
        {
            Assert.EndsWith(end, text, StringComparison.Ordinal);
            Assert.Equal(text.Split("\nthing_took_seconds_").Length, Together().Match(text).Value
                .Split("\nthing_took_seconds_").Length);
            // Together, right behind what is said of them.
            Assert.Single(Together().Matches(text));
        }

        async Task<string> TextAsync(Predicate<string> isThere)
        {
            var text = "";
            await Eventually.Until(async () => isThere(text = await http.GetStringAsync(
                new Uri(app.Urls.Single() + "/metrics"), TestContext.Current.CancellationToken)), "it is told");
            return text;
        }
    }

    [Fact]
    public void What_is_told_another_way_is_left_as_it_is()
    {
        const string Told = "# TYPE thing_begun counter\nthing_begun 0\n";
        Assert.Equal(Told, WholeHistograms.With(Told, Took));
    }

    private static WebApplication Host()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddTelemetry("tests", new());
        builder.Services.AddSingleton(Took);
        var app = builder.Build();
        app.MapTelemetry();
        return app;
    }

    private static List<string> Series(string text) =>
        [.. Samples().Matches(text).Select(sample => sample.Groups["series"].Value).Order(StringComparer.Ordinal)];

    private static List<string> Headers(string text) => [.. text.Split('\n')
        .Where(line => line.StartsWith('#') && line.Contains(" thing_took_seconds ", StringComparison.Ordinal))];

    [GeneratedRegex(@"^# TYPE thing_took_seconds .*\n(#.*\n)*(thing_took_seconds_.*\n)+", RegexOptions.Multiline)]
    private static partial Regex Together();

    /// <summary>When a series was made may be left out.</summary>
    [GeneratedRegex(@"^(?<series>thing_took_seconds_(?!created)\w+{[^}]*}) (?<value>\S+)", RegexOptions.Multiline)]
    private static partial Regex Samples();
}
