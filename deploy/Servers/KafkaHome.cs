namespace Checkout.Servers;

/// <summary>Where a released Kafka is on this machine.</summary>
public static class KafkaHome
{
    public const string Variable = "KAFKA_HOME";

    private static readonly string[] UsualFolders =
    [
        "/opt/kafka", "/usr/local/kafka", "/usr/share/kafka",
        "/opt/homebrew/opt/kafka/libexec", "/usr/local/opt/kafka/libexec",
        "/home/linuxbrew/.linuxbrew/opt/kafka/libexec",
    ];

    /// <summary>
    /// KAFKA_HOME's folder, or a usual one that Java is there for; null where there is none. A KAFKA_HOME that leads
    /// nowhere is a mistake to be told.
    /// </summary>
    public static string? Find() =>
        Find(Environment.GetEnvironmentVariable(Variable), UsualFolders, HasJava, out _);

    /// <summary>The same, for who may do without: one that is given and can't run is told.</summary>
    /// <param name="say">Is told of a usual folder that is passed over.</param>
    public static string? FindWithJava(Action<string> say)
    {
        var home = Find(Environment.GetEnvironmentVariable(Variable), UsualFolders, HasJava, out var withoutJava);
        if (withoutJava is not null)
            say($"The Kafka in {withoutJava} is passed over: there is no Java, neither in JAVA_HOME nor in PATH.");
        return home is null || HasJava() ? home : throw new ServerMissingException(
            $"Unset {Variable} ({home}), or give --in-memory-broker: {NeedsJava}");
    }

    internal static string? Find(string? given, IEnumerable<string> usual, Func<bool> hasJava, out string? withoutJava)
    {
        withoutJava = null;
        if (!string.IsNullOrEmpty(given))
            return IsKafka(given) ? given : throw new ServerMissingException(
                $"{Variable} is {given}, but there is no bin/kafka-server-start.sh in it: unpack a released Kafka "
                    + $"there, or unset {Variable}.");
        if (usual.FirstOrDefault(IsKafka) is not { } found) return null;
        if (hasJava()) return found;
        withoutJava = found;
        return null;
    }

    /// <summary>From the library's name: kafka_2.13-4.3.1.jar, or kafka-server-common-4.3.1.jar.</summary>
    internal static string Version(string home) => Jars(home, "kafka-server-common-").Concat(Jars(home, "kafka_2.13-"))
        .Select(name => name[(name.LastIndexOf('-') + 1)..])
        .FirstOrDefault(version => version.Length > 0 && char.IsAsciiDigit(version[0])) ?? "(unknown version)";

    /// <summary>What to say where Java is missing.</summary>
    public const string NeedsJava =
        "Kafka needs Java 17 or newer, which is neither in JAVA_HOME nor in PATH: install it "
            + "(Debian, Ubuntu: apt-get install openjdk-17-jre-headless; macOS: brew install openjdk@17).";

    public static bool HasJava() => File.Exists(Environment.GetEnvironmentVariable("JAVA_HOME") is { Length: > 0 } home
        ? Path.Combine(home, "bin", "java") : Programs.Find("java"));

    internal static void RequireJava()
    {
        if (!HasJava()) throw new ServerMissingException(NeedsJava);
    }

    private static bool IsKafka(string folder) => File.Exists(Path.Combine(folder, "bin", "kafka-server-start.sh"));

    private static IEnumerable<string> Jars(string home, string start) => Directory.Exists(Path.Combine(home, "libs"))
        ? Directory.GetFiles(Path.Combine(home, "libs"), start + "*.jar").Select(Path.GetFileNameWithoutExtension)
        .OfType<string>()
        : [];
}
