using Checkout.Chassis.Identity;

namespace Checkout.Local;

/// <summary>What the Observer of a system is told.</summary>
internal static class ObservedSystem
{
    /// <summary>Of its process, its database and its role.</summary>
    public const string Name = "observer";

    /// <param name="given">What is the same for all, and its secrets.</param>
    public static Dictionary<string, string?> Environment(LocalSystem system,
        IEnumerable<KeyValuePair<string, string?>> given)
    {
        var environment = new Dictionary<string, string?>(given)
        {
            ["Database__ConnectionString"] = system.DatabaseFor(Name, Name),
            ["Kafka__BootstrapServers"] = system.Broker.Bootstrap,
            ["Kafka__InMemory"] = system.Broker.IsInMemory.ToString(),
            ["Registry__Url"] = system.SchemaRegistry,
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["Identity__Issuer"] = DevelopmentTokens.Issuer,
            ["Identity__Audience"] = DevelopmentTokens.Audience,
            ["Identity__KeyFile"] = system.Tokens.KeyFile,
            // For the token with which it asks the others.
            ["Observer__DevelopmentKeyFile"] = system.Tokens.PrivateKeyFile,
        };
        foreach (var (process, i) in system.Processes.Where(p => p.Name != Name).Select((process, i) => (process, i)))
        {
            environment[$"Observer__Processes__{i}__Name"] = process.Name;
            environment[$"Observer__Processes__{i}__Url"] = process.Url;
        }
        return environment;
    }
}
