namespace Checkout.Chassis.Telemetry;

/// <summary>What telemetry needs to know beyond OpenTelemetry's own OTEL_* environment variables.</summary>
public sealed class TelemetryOptions
{
    /// <summary>Attribute under which spans bear the correlation id.</summary>
    public string CorrelationAttribute { get; set; } = "messaging.message.conversation_id";

    public string InstanceId { get; set; } = Environment.MachineName;

    /// <summary>Spans are exported only where somebody takes them.</summary>
    public string? OtlpEndpoint { get; set; } = Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT")
        is { Length: > 0 } endpoint ? endpoint : null;

    public IEnumerable<string> Problems()
    {
        if (OtlpEndpoint is not null && !Uri.TryCreate(OtlpEndpoint, UriKind.Absolute, out _))
            yield return $"OTEL_EXPORTER_OTLP_ENDPOINT is '{OtlpEndpoint}'; give an absolute address such as "
                + "http://localhost:4317, or leave it unset.";
    }
}
