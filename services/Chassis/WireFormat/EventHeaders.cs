namespace Checkout.Chassis.WireFormat;

/// <summary>
/// Record headers: CloudEvents 1.0 binary mode for Kafka (ce_ prefix, UTF-8), W3C trace context, and the chain.
/// </summary>
public static class EventHeaders
{
    public const string SpecVersion = "ce_specversion";
    public const string Id = "ce_id";
    public const string Type = "ce_type";
    public const string Source = "ce_source";
    public const string Time = "ce_time";
    public const string Subject = "ce_subject";
    /// <summary>CloudEvents sequence extension: the event's position in its store, decimal.</summary>
    public const string Sequence = "ce_sequence";
    /// <summary>The position before this one on the same partition, decimal; 0 on a partition's first event.</summary>
    public const string Previous = "ce_previous";
    public const string Correlation = "ce_correlationid";
    public const string Causation = "ce_causationid";
    public const string ContentType = "content-type";
    public const string TraceParent = "traceparent";
    public const string TraceState = "tracestate";
    /// <summary>
    /// Confluent's: names the schema where the value does not. The one header that is bytes; kept as hexadecimal text.
    /// </summary>
    public const string ValueSchemaId = "__value_schema_id";
    public const string AvroContentType = "application/avro";
}
