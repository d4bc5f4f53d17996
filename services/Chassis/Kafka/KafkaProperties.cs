namespace Checkout.Chassis.Kafka;

/// <summary>
/// librdkafka's own settings, as they stand below Kafka:Properties. A shell exports no name with dots, so an
/// environment may write security_protocol for security.protocol.
/// </summary>
public static class KafkaProperties
{
    /// <summary>
    /// By the names that librdkafka knows; what it does not know keeps its name, and is refused by it.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Named(IEnumerable<KeyValuePair<string, string>> properties)
    {
        var named = new Dictionary<string, string>();
        // The name as librdkafka has it wins over the one for environments.
        foreach (var (name, value) in properties)
            if (NameOf(name, value) is var own && (own == name || !named.ContainsKey(own))) named[own] = value;
        return named;
    }

    private static string NameOf(string name, string value)
    {
        if (!name.Contains('_', StringComparison.Ordinal) || RdKafka.Knows(name, value)) return name;
        var dotted = name.ToLowerInvariant().Replace('_', '.');
        return dotted.StartsWith(RdKafka.DotnetSettings, StringComparison.Ordinal) || RdKafka.Knows(dotted, value)
            ? dotted : name;
    }
}
