namespace Checkout.Local;

/// <summary>Where things are in the checked-out repository.</summary>
internal static class Layout
{
    /// <summary>The folder with Checkout.sln, from wherever this program was built; else the current folder.</summary>
    public static string Root { get; } =
        Above(AppContext.BaseDirectory, "Checkout.sln") ?? Directory.GetCurrentDirectory();

    /// <summary>
    /// services/Store/bin/Debug/net10.0/Checkout.Store.dll, built in the same configuration as this program.
    /// </summary>
    public static string ServiceDll(string project)
    {
        var dll = Path.Combine(Root, "services", project, "bin", Configuration, Framework, $"Checkout.{project}.dll");
        return File.Exists(dll) ? dll
            : throw new FileNotFoundException($"{dll} is not there: build it with dotnet build Checkout.sln.");
    }

    /// <summary>The dotnet that runs this program, so that the services run on the same.</summary>
    public static string Dotnet { get; } =
        Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host ? host
        : Path.GetFullPath(Path.Combine(
            System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));

    public static string DemoFile(string name) => Path.Combine(Root, "deploy", "Local", "demo", name);

    private static string Framework => $"net{Environment.Version.Major}.{Environment.Version.Minor}";

#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    private static string? Above(string folder, string file)
    {
        for (var at = new DirectoryInfo(folder); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, file))) return at.FullName;
        return null;
    }
}
