using System.Runtime.CompilerServices;
using YamlDotNet.Core;
using YamlDotNet.Serialization;
using Map = System.Collections.Generic.Dictionary<object, object>;

namespace Checkout.Deploy.Tests.Compose;

/// <summary>docker-compose.yml, with what it merges merged.</summary>
internal sealed class ComposeFile
{
    public static readonly string Root = Path.GetFullPath(Path.Combine(Folder(), "..", "..", ".."));

    private ComposeFile(IEnumerable<ComposeService> services) => Services = services.ToDictionary(s => s.Name);

    public static ComposeFile Read()
    {
        var parser = new MergingParser(new Parser(new StringReader(Text("docker-compose.yml"))));
        var file = new DeserializerBuilder().Build().Deserialize<Dictionary<string, object>>(parser);
        return new(((Map)file["services"]).Select(s => new ComposeService((string)s.Key, (Map)s.Value)));
    }

    public IReadOnlyDictionary<string, ComposeService> Services { get; }

    /// <summary>Those of our own code that serve.</summary>
    public IEnumerable<ComposeService> Built => Services.Values.Where(service => service.Target is not null);

    public static string Text(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}

internal sealed class ComposeService(string name, Map map)
{
    public string Name => name;

    public string Image => (string)map["image"];

    public string Tag => Image.Split(':')[^1].TrimStart('v');

    /// <summary>The stage of the Dockerfile it is built from; null where the image is another's.</summary>
    public string? Target => Of("build") is Map build ? (string)build["target"] : null;

    public string? Restart => (string?)Of("restart");

    public IReadOnlyDictionary<string, string> Environment => Of("environment") is Map environment
        ? environment.ToDictionary(e => (string)e.Key, e => (string)e.Value) : new Dictionary<string, string>();

    /// <summary>host's:container's.</summary>
    public IReadOnlyList<(int Host, int Container)> Ports => Texts("ports").Select(port => port.Split(':'))
        .Select(parts => (int.Parse(parts[^2], null), int.Parse(parts[^1], null))).ToList();

    public string Command => string.Join(' ', Texts("command"));

    public IReadOnlyList<string> CommandWords => Texts("command");

    /// <summary>host path:container path, and how.</summary>
    public IReadOnlyList<string> Volumes => Texts("volumes");

    /// <summary>The folder or file of ours that stands at this path in the container, or nothing.</summary>
    public string? Mounted(string path) => Texts("volumes").Select(volume => volume.Split(':'))
        .Where(parts => parts[0].StartsWith("./", StringComparison.Ordinal)
            && path.StartsWith(parts[1], StringComparison.Ordinal))
        .Select(parts => parts[0][2..] + path[parts[1].Length..]).FirstOrDefault();

    public string? HealthCheck => Of("healthcheck") is Map check ? string.Join(' ', (List<object>)check["test"]) : null;

    public bool HasStartInterval => Of("healthcheck") is Map check && check.ContainsKey("start_interval");

    public IReadOnlyDictionary<string, string> WaitsFor => Of("depends_on") is Map services
        ? services.ToDictionary(s => (string)s.Key, s => (string)((Map)s.Value)["condition"])
        : new Dictionary<string, string>();

    private List<string> Texts(string key) => Of(key) switch
    {
        List<object> list => [.. list.Cast<string>()],
        string text => [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries)],
        _ => [],
    };

    private object? Of(string key) => map.GetValueOrDefault(key);
}
