using System.Reflection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.Configuration.KeyPerFile;
using Microsoft.Extensions.Hosting;

namespace Checkout.Chassis;

/// <summary>
/// What was given on the command line, in appsettings.json and in files of secrets, the places that only we and our
/// operators write to. .NET ignores what it does not understand there, or ends with a stack trace. A value is never
/// quoted: it may be a part of a password.
/// </summary>
public static class SettingArguments
{
    /// <summary>What .NET itself reads, beside the names that hosting declares.</summary>
    private static readonly string[] Dotnet =
    [
        "Logging", "AllowedHosts", "Kestrel", "HTTP_PORTS", "HTTPS_PORTS", "HTTPS_PORT", "URLS", "hostBuilder",
        "shutdownTimeoutSeconds", "startupTimeoutSeconds", "servicesStartConcurrently", "servicesStopConcurrently",
        "FORWARDEDHEADERS_ENABLED", "DisableDefaultConfiguration",
    ];

    private static readonly string[] Hosting = [.. NamesOf(typeof(HostDefaults)), .. NamesOf(typeof(WebHostDefaults))];

    /// <summary>
    /// A sentence for each word that is no setting: one without a value, or with a single dash. Asked before
    /// the configuration is made.
    /// </summary>
    public static IEnumerable<string> Problems(string[] args)
    {
        for (var i = 0; i < args.Length; i++)
        {
            var isNamed = args[i].StartsWith("--", StringComparison.Ordinal) || args[i].StartsWith('/');
            var hasValue = args[i].Contains('=', StringComparison.Ordinal);
            if (isNamed && !hasValue && i + 1 < args.Length && !IsNamed(args[i + 1])) i++;
            else if (!hasValue || (!isNamed && args[i].StartsWith('-')))
                yield return $"The argument {NameOf(args[i], i)} is no setting: give one as --Section:Name=value, "
                    + "such as --Kafka:BootstrapServers=localhost:9092, or ask for the commands with --help.";
        }
    }

    /// <summary>A sentence for each section that nobody knows.</summary>
    /// <param name="sections">Those of this process.</param>
    public static IEnumerable<string> Unknown(IConfigurationRoot configuration, IEnumerable<string> sections)
    {
        List<string> ours = [.. sections];
        var known = ours.Concat(Dotnet).Concat(Hosting).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var given = configuration.Providers
            .Where(provider => provider is CommandLineConfigurationProvider or JsonConfigurationProvider
                or KeyPerFileConfigurationProvider)
            .SelectMany(Sections)
            .Distinct(StringComparer.OrdinalIgnoreCase);
        foreach (var unknown in given.Where(key => !known.Contains(key) && !IsOfOpenTelemetry(key)))
            yield return $"The setting {unknown} is not known: "
                + (Spelling.Nearest(unknown, ours) is { } nearest ? $"{nearest} is, and must be meant."
                    : $"the sections are {string.Join(", ", ours)}.");
    }

    /// <summary>Its SDK reads its variables from settings, too.</summary>
    private static bool IsOfOpenTelemetry(string key) => key.StartsWith("OTEL_", StringComparison.OrdinalIgnoreCase);

    /// <summary>Beside secrets may lie files that are no settings, such as a certificate: without a section.</summary>
    private static IEnumerable<string> Sections(IConfigurationProvider provider) => provider.GetChildKeys([], null)
        .Where(key => provider is not KeyPerFileConfigurationProvider || provider.GetChildKeys([], key).Any());

    /// <summary>
    /// What begins as a name does, up to its value. The rest may be what a shell has split from a value before it.
    /// </summary>
    private static string NameOf(string argument, int at) => argument.StartsWith('-') || argument.StartsWith('/')
        ? argument.Split('=')[0] : $"number {at + 1}, which begins with neither - nor /,";

    private static bool IsNamed(string argument) => argument.StartsWith("--", StringComparison.Ordinal);

    private static IEnumerable<string> NamesOf(Type type) =>
        type.GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => field.GetValue(null))
            .OfType<string>();
}
