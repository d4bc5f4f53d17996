namespace Checkout.Servers;

/// <summary>Where a released Jaeger is on this machine: version 1, from 1.35 on, which takes OTLP.</summary>
public static class JaegerHome
{
    public const string Variable = "JAEGER_HOME";

    private const string Program = "jaeger-all-in-one";

    /// <summary>
    /// The program in JAEGER_HOME's folder, or in PATH; null where there is none. A JAEGER_HOME that leads nowhere is a
    /// mistake to be told.
    /// </summary>
    public static string? Find() => Find(Environment.GetEnvironmentVariable(Variable), Programs.Find);

    internal static string? Find(string? given, Func<string, string?> inPath)
    {
        if (string.IsNullOrEmpty(given)) return inPath(Program);
        return new[] { given, Path.Combine(given, "bin") }.Select(folder => Path.Combine(folder, Program))
            .FirstOrDefault(File.Exists) ?? throw new ServerMissingException(
                $"{Variable} is {given}, but there is no {Program} in it: unpack a released Jaeger 1 there, or unset "
                    + $"{Variable}.");
    }
}
