using System.ComponentModel;
using System.Diagnostics;
using System.Reflection;
using Checkout.Local;
using Checkout.Servers;

namespace Checkout.Faults;

/// <summary>What is being judged: which sources, how built, on which broker.</summary>
internal static class RunningProgram
{
    private const string Unknown = "unknown";
    private const string InMemoryBroker = "in-memory";
    private const string KafkaJar = "kafka_2.13-";

    /// <summary>What the services and the campaign are made of: other files change no verdict.</summary>
    private static readonly string[] Sources =
        ["services", "contracts", "deploy", "tests/Faults", "Directory.Build.props", "Directory.Packages.props"];

    /// <summary>Release or Debug; deploy/Local starts the services of the same.</summary>
    public static string Configuration =>
        Of<AssemblyConfigurationAttribute>()?.Configuration is { Length: > 0 } configuration ? configuration : Unknown;

    /// <summary>
    /// The last commit, of those the running program was built from, that changed what is judged; "+changes" where
    /// there are uncommitted ones. So a commit to the documents or to other tests begins no new count.
    /// </summary>
    public static string Commit()
    {
        // 0.1.0+d0e5241...: the SDK puts the commit behind the version where it builds in a Git repository.
        var version = Of<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";
        var revision = version[(version.IndexOf('+', StringComparison.Ordinal) + 1)..];
        if (revision == version || Git(["status", "--porcelain", "--", .. Sources]) is not { } changes) return Unknown;
        var judged = Git(["log", "-1", "--format=%H", revision, "--", .. Sources]) is { Length: > 0 } commit
            ? commit : revision;
        return changes.Length == 0 ? judged : judged + "+changes";
    }

    /// <summary>Its name without the address, known before it is started: "Apache Kafka 4.3.1".</summary>
    public static string Broker(bool inMemory) => inMemory || KafkaHome.Find() is not { } home ? InMemoryBroker
        : $"Apache Kafka {Directory.GetFiles(Path.Combine(home, "libs"), KafkaJar + "*.jar")
            .Select(jar => Path.GetFileNameWithoutExtension(jar)[KafkaJar.Length..])
            .FirstOrDefault(version => version.Length > 0 && char.IsAsciiDigit(version[0])) ?? Unknown}";

    private static T? Of<T>() where T : Attribute => typeof(RunningProgram).Assembly.GetCustomAttribute<T>();

    /// <summary>Null where there is no git or no repository.</summary>
    private static string? Git(IEnumerable<string> arguments)
    {
        try
        {
            using var git = Process.Start(new ProcessStartInfo("git", ["-C", Layout.Root, .. arguments])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            git.ErrorDataReceived += (_, _) => { };
            git.BeginErrorReadLine();
            var said = git.StandardOutput.ReadToEnd();
            git.WaitForExit();
            return git.ExitCode == 0 ? said.Trim() : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
