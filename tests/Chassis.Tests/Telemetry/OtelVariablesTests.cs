using Checkout.Chassis.Telemetry;
using Checkout.Fixtures;
using Checkout.Servers;
using Microsoft.AspNetCore.Builder;
using Xunit;

namespace Checkout.Chassis.Tests.Telemetry;

/// <summary>OpenTelemetry's own variables, by what a host with them exports.</summary>
public sealed class OtelVariablesTests : IDisposable
{
    private readonly OtlpStub _otlp = new();

    [Fact]
    public async Task Names_and_attributes_of_the_environment_win_over_ours()
    {
        await ServeAsync(To(_otlp.Url, ("OTEL_SERVICE_NAME", "shop-balance"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.namespace=shop,service.instance.id=pod-7,service.name=other")));
        foreach (var said in new[] { "shop-balance", "service.namespace", "pod-7" })
            Assert.True(_otlp.Names(said), said);
        foreach (var ours in new[] { "made-here", "instance-here", "other" }) Assert.False(_otlp.Names(ours), ours);
    }

    [Fact]
    public async Task Without_them_the_process_has_the_names_it_gives_itself()
    {
        await ServeAsync(To(_otlp.Url));
        Assert.All(_otlp.Exports, export => Assert.Equal("/v1/traces", export.Path));
        Assert.True(_otlp.Names("made-here") && _otlp.Names("instance-here"));
    }

    [Fact]
    public async Task The_endpoint_for_traces_alone_switches_their_export_on_and_is_taken_as_it_stands()
    {
        await ServeAsync([
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", $"{_otlp.Url}/in/traces"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "Authorization=Bearer t")]);
        Assert.NotEmpty(_otlp.Exports);
        Assert.All(_otlp.Exports, export => Assert.Equal(("/in/traces", "Bearer t"),
            (export.Path, export.Authorization)));
    }

    [Theory]
    [InlineData("OTEL_TRACES_EXPORTER", "none")]
    [InlineData("OTEL_SDK_DISABLED", "true")]
    [InlineData("OTEL_SDK_DISABLED", "TRUE")]
    public async Task Where_they_say_so_nothing_is_exported(string name, string value)
    {
        await ServeAsync(To(_otlp.Url, (name, value)));
        Assert.Empty(_otlp.Exports);
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "jaeger", "OTEL_EXPORTER_OTLP_ENDPOINT is 'jaeger'; give an absolute")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "jaeger:4317",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is 'jaeger:4317'; give an absolute")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json",
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL is 'http/json'; give grpc or http/protobuf.")]
    [InlineData("OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "OTEL_EXPORTER_OTLP_TIMEOUT is '10s'; give milliseconds")]
    [InlineData("OTEL_TRACES_SAMPLER", "alwayson", "OTEL_TRACES_SAMPLER is 'alwayson'; give one of always_on, ")]
    [InlineData("OTEL_TRACES_EXPORTER", "zipkin", "OTEL_TRACES_EXPORTER is 'zipkin'; this process exports")]
    public void A_wrong_one_is_told_by_a_sentence(string name, string value, string sentence)
    {
        var variables = new Dictionary<string, string> { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://localhost:4317" };
        Assert.Empty(ProblemsOf(variables));
        variables[name] = value;
        if (name == "OTEL_TRACES_EXPORTER") variables[name] += ",otlp";
        Assert.StartsWith(sentence, Assert.Single(ProblemsOf(variables)), StringComparison.Ordinal);
        variables["OTEL_SDK_DISABLED"] = "true";
        Assert.Empty(ProblemsOf(variables));
    }

    /// <summary>Three from which the SDK would take its default without a word.</summary>
    [Theory]
    [InlineData("10")]
    [InlineData("0,1")]
    [InlineData("a tenth")]
    public void A_part_of_traces_that_is_none_is_told_by_a_sentence(string part)
    {
        var variables = new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://localhost:4317",
            ["OTEL_TRACES_SAMPLER"] = "parentbased_traceidratio",
            ["OTEL_TRACES_SAMPLER_ARG"] = part,
        };
        Assert.StartsWith("OTEL_TRACES_SAMPLER_ARG is", Assert.Single(ProblemsOf(variables)),
            StringComparison.Ordinal);
        variables["OTEL_TRACES_SAMPLER_ARG"] = "0.1";
        Assert.Empty(ProblemsOf(variables));
    }

    /// <summary>What the specification says of a parent that is not sampled, and what an operator may.</summary>
    [Theory]
    [InlineData(null, "-01", true)]
    [InlineData(null, "-00", false)]
    [InlineData("always_on", "-00", true)]
    [InlineData("always_off", "-01", false)]
    public async Task A_callers_flag_decides_unless_the_operator_does(string? sampler, string flags, bool isExported)
    {
        const string trace = "0af7651916cd43dd8448eb211c80319c";
        await ServeAsync(To(_otlp.Url, ("OTEL_TRACES_SAMPLER", sampler ?? "")),
            traceParent: $"00-{trace}-b7ad6b7169203331{flags}");
        // The trace stays the caller's, so that what both record is one story.
        Assert.Equal(isExported, _otlp.Exports.Any(export =>
            export.Body.AsSpan().IndexOf(Convert.FromHexString(trace)) >= 0));
    }

    public void Dispose() => _otlp.Dispose();

    private static IEnumerable<string> ProblemsOf(Dictionary<string, string> variables) =>
        new OtelVariables(variables.GetValueOrDefault).Problems();

    private static (string Name, string Value)[] To(string url, params (string Name, string Value)[] more) =>
        [("OTEL_EXPORTER_OTLP_ENDPOINT", url), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), .. more];

    /// <summary>A host that answers one request and ends, and so has exported what it will ever export.</summary>
    private static async Task ServeAsync((string Name, string Value)[] variables, string? traceParent = null)
    {
        var builder = WebApplication.CreateBuilder(
            ["--Logging:LogLevel:Default=None", .. variables.Select(v => $"--{v.Name}={v.Value}")]);
        builder.AddTelemetry("made-here", new() { InstanceId = "instance-here" });
        await using var app = builder.Build();
        app.MapTelemetry();
        app.MapGet("/", () => "hello");
        var url = new Uri($"http://127.0.0.1:{Ports.Free()}");
        app.Urls.Add(url.ToString());
        await app.StartAsync();
        using var http = new HttpClient();
        if (traceParent is not null) http.DefaultRequestHeaders.Add("traceparent", traceParent);
        Assert.Equal("hello", await http.GetStringAsync(url));
        Assert.True((await http.GetAsync(new Uri(url, "/metrics"))).IsSuccessStatusCode);
        await app.StopAsync();
    }
}
