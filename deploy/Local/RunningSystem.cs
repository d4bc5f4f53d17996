using System.Text.Json;
using Checkout.Chassis.Identity;
using Checkout.Local.Traces;

namespace Checkout.Local;

/// <summary>
/// Where a running system is to be reached; kept in its folder while it runs, so that a demo finds it.
/// </summary>
public sealed record RunningSystem(
    string Store, string Balance, string Inventory, string Tailer,
    string BootstrapServers, bool InMemoryBroker, string BrokerName, string SchemaRegistry,
    string Control, string Token, string Postgres, string SigningKey)
{
    private const string FileName = "running.json";

    /// <summary>Signs tokens that its services take.</summary>
    public DevelopmentTokens Tokens() => DevelopmentTokens.Of(SigningKey);

    /// <summary>Null where it is not observed.</summary>
    public string? Observer { get; init; }

    public Access Access { get; init; } = Access.Open;

    /// <summary>Null where nobody of this system keeps its traces.</summary>
    public KeptTraces? Traces { get; init; }

    /// <summary>The environment of a service's commands; secrets are in files that it names.</summary>
    public IReadOnlyDictionary<string, Dictionary<string, string?>> Environments { get; init; } =
        new Dictionary<string, Dictionary<string, string?>>();

    /// <summary>For SQL on one of the databases, as their superuser.</summary>
    public string Database(string name) =>
        new Npgsql.NpgsqlConnectionStringBuilder(Postgres) { Database = name }.ConnectionString;

    public void Write(string folder)
    {
        var path = Path.Combine(folder, FileName);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        File.Delete(path);
        using var file = new FileStream(path, options);
        JsonSerializer.Serialize(file, this);
    }

    public static void Remove(string folder) => File.Delete(Path.Combine(folder, FileName));

    public static RunningSystem? Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        return File.Exists(path) ? JsonSerializer.Deserialize<RunningSystem>(File.ReadAllText(path)) : null;
    }
}
