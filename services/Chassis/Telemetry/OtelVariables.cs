using System.Globalization;
using OpenTelemetry.Exporter;

namespace Checkout.Chassis.Telemetry;

/// <summary>
/// OpenTelemetry's own variables, as far as its SDK does not read them by itself (1.20.1): it knows no
/// OTEL_TRACES_EXPORTER, and AddOtlpExporter none of those that are a signal's own. UseOtlpExporter does, but would
/// export metrics and logs as well, which a Jaeger does not take.
/// </summary>
/// <param name="read">The value of a variable; nothing, or an empty one, where it is not set.</param>
internal sealed class OtelVariables(Func<string, string?> read)
{
    private const string DisabledName = "OTEL_SDK_DISABLED";
    private const string ExporterName = "OTEL_TRACES_EXPORTER";
    private const string SamplerName = "OTEL_TRACES_SAMPLER";
    private const string SamplerArgumentName = "OTEL_TRACES_SAMPLER_ARG";
    private const string Ratio = "traceidratio";
    private const string Otlp = "otlp";
    private const string None = "none";

    public static OtelVariables OfEnvironment { get; } = new(Environment.GetEnvironmentVariable);

    /// <summary>Spans are exported only where somebody takes them.</summary>
    public bool ExportsTraces => !IsDisabled
        && (Exporters.Length > 0 ? Exporters.Contains(Otlp) : (Of("ENDPOINT") ?? OfTraces("ENDPOINT")) is not null);

    /// <summary>The SDK reads them itself, and takes one that it does not know for its default.</summary>
    private static readonly string[] Samplers = ["always_on", "always_off", Ratio, "parentbased_always_on",
        "parentbased_always_off", $"parentbased_{Ratio}"];

    private bool IsDisabled => bool.TryParse(Value(DisabledName), out var disabled) && disabled;

    private string[] Exporters => Value(ExporterName)?.ToLowerInvariant()
        .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    /// <summary>What an operator has to change in them, a sentence each.</summary>
    public IEnumerable<string> Problems()
    {
        if (IsDisabled) yield break;
        if (Exporters.FirstOrDefault(name => name is not (Otlp or None)) is { } unknown)
            yield return $"{ExporterName} is '{unknown}'; this process exports traces by {Otlp}, or {None}.";
        if (!ExportsTraces) yield break;
        if (Value(SamplerName) is { } sampler)
        {
            if (!Samplers.Contains(sampler))
                yield return $"{SamplerName} is '{sampler}'; give one of {string.Join(", ", Samplers)}.";
            else if (sampler.EndsWith(Ratio, StringComparison.Ordinal) && Value(SamplerArgumentName) is { } ratio
                && !(double.TryParse(ratio, NumberStyles.Float, CultureInfo.InvariantCulture, out var part)
                    && part is >= 0 and <= 1))
                yield return $"{SamplerArgumentName} is '{ratio}'; give the part of traces that are recorded, from 0 "
                    + "to 1.";
        }
        foreach (var prefix in new[] { "OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_TRACES_" })
        {
            if (Value($"{prefix}ENDPOINT") is { } endpoint && AddressOf(endpoint) is null)
                yield return $"{prefix}ENDPOINT is '{endpoint}'; give an absolute address such as "
                    + "http://localhost:4317, or leave it unset.";
            if (Value($"{prefix}PROTOCOL") is { } protocol && ProtocolOf(protocol) is null)
                yield return $"{prefix}PROTOCOL is '{protocol}'; give grpc or http/protobuf.";
            if (Value($"{prefix}TIMEOUT") is { } timeout && MillisecondsOf(timeout) is null)
                yield return $"{prefix}TIMEOUT is '{timeout}'; give milliseconds, such as 10000.";
        }
    }

    /// <summary>Lays what is meant for traces alone over what the exporter has read for all signals.</summary>
    public void Apply(OtlpExporterOptions options)
    {
        // The address of one signal is taken as it stands; to the one for all a path is added.
        if (OfTraces("ENDPOINT") is { } endpoint && AddressOf(endpoint) is { } address) options.Endpoint = address;
        if (OfTraces("PROTOCOL") is { } name && ProtocolOf(name) is { } protocol) options.Protocol = protocol;
        if (OfTraces("TIMEOUT") is { } time && MillisecondsOf(time) is { } timeout)
            options.TimeoutMilliseconds = timeout;
        if (OfTraces("HEADERS") is { } headers) options.Headers = headers;
        if (OfTraces("COMPRESSION") is { } compression
            && Enum.TryParse<OtlpExportCompression>(compression, ignoreCase: true, out var kind))
            options.Compression = kind;
    }

    private string? Of(string name) => Value($"OTEL_EXPORTER_OTLP_{name}");

    private string? OfTraces(string name) => Value($"OTEL_EXPORTER_OTLP_TRACES_{name}");

    private string? Value(string name) => read(name)?.Trim() is { Length: > 0 } value ? value : null;

    private static Uri? AddressOf(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address)
        && address.Scheme is "http" or "https" ? address : null;

    private static OtlpExportProtocol? ProtocolOf(string text) => text switch
    {
        "grpc" => OtlpExportProtocol.Grpc,
        "http/protobuf" => OtlpExportProtocol.HttpProtobuf,
        _ => null,
    };

    private static int? MillisecondsOf(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) ? milliseconds : null;
}
