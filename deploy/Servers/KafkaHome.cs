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
    /// KAFKA_HOME's folder, or a usual one; null where there is none. A KAFKA_HOME that leads nowhere is a mistake to
    /// be told.
    /// </summary>
    public static string? Find()
    {
        var given = Environment.GetEnvironmentVariable(Variable);
        if (string.IsNullOrEmpty(given)) return UsualFolders.FirstOrDefault(IsKafka);
        return IsKafka(given) ? given : throw new ServerMissingException(
            $"{Variable} is {given}, but there is no bin/kafka-server-start.sh in it: unpack a released Kafka there, "
                + $"or unset {Variable}.");
    }

    /// <summary>From the library's name: kafka_2.13-4.3.1.jar, or kafka-server-common-4.3.1.jar.</summary>
    internal static string Version(string home) => Jars(home, "kafka-server-common-").Concat(Jars(home, "kafka_2.13-"))
        .Select(name => name[(name.LastIndexOf('-') + 1)..])
        .FirstOrDefault(version => version.Length > 0 && char.IsAsciiDigit(version[0])) ?? "(unknown version)";

    internal static void RequireJava()
    {
        var java = Environment.GetEnvironmentVariable("JAVA_HOME") is { Length: > 0 } home
            ? Path.Combine(home, "bin", "java") : Programs.Find("java");
        if (java is null || !File.Exists(java))
        {
            throw new ServerMissingException(
                "Kafka needs Java 17 or newer, which is neither in JAVA_HOME nor in PATH: install it " +
                "(Debian, Ubuntu: apt-get install openjdk-17-jre-headless; macOS: brew install openjdk@17).");
        }
    }

    private static bool IsKafka(string folder) => File.Exists(Path.Combine(folder, "bin", "kafka-server-start.sh"));

    private static IEnumerable<string> Jars(string home, string start) => Directory.Exists(Path.Combine(home, "libs"))
        ? Directory.GetFiles(Path.Combine(home, "libs"), start + "*.jar").Select(Path.GetFileNameWithoutExtension)
        .OfType<string>()
        : [];
}
