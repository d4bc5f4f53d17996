namespace Checkout.Chassis.Telemetry;

/// <summary>What telemetry needs to know beyond OpenTelemetry's own OTEL_* environment variables.</summary>
public sealed class TelemetryOptions
{
    /// <summary>Attribute under which spans bear the correlation id.</summary>
    public string CorrelationAttribute { get; set; } = "messaging.message.conversation_id";

    /// <summary>
    /// service.instance.id, where OTEL_RESOURCE_ATTRIBUTES gives none.
    /// </summary>
    public string InstanceId { get; set; } = Environment.MachineName;

#pragma warning disable CA1822 // Asked like the problems of all other options.
    public IEnumerable<string> Problems() => OtelVariables.OfEnvironment.Problems();
#pragma warning restore CA1822
}
