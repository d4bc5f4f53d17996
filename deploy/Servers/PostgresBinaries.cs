using System.Globalization;

namespace Checkout.Servers;

/// <summary>Where PostgreSQL's own programs are on this machine, and how they get there.</summary>
internal static class PostgresBinaries
{
    private const int OldestMajor = 15;
    private const string ClusterSettings = "/etc/postgresql-common/createcluster.conf";

    private static readonly string[] HomebrewFolders = ["/opt/homebrew/opt", "/usr/local/opt",
        "/home/linuxbrew/.linuxbrew/opt"];

    private static readonly string HowToInstall =
        $"PostgreSQL {OldestMajor} or newer was not found in PATH, /usr/lib/postgresql or Homebrew's folders: "
            + "install it " +
        "(Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server; macOS: brew install "
            + "postgresql@17), " +
        "or put its bin folder into PATH.";

    /// <summary>Those for a new data folder.</summary>
    public static string Folder => Find() ?? throw new ServerMissingException(HowToInstall);

    /// <summary>
    /// Those that made this data: PostgreSQL does not read another major version's, and a newer one may have been
    /// installed since.
    /// </summary>
    public static string For(PostgresFolder data) => For(data, All());

    internal static string For(PostgresFolder data, IReadOnlyList<(string Folder, int Major)> all)
    {
        var fitting = all.FirstOrDefault(found => found.Major == data.Major).Folder;
        return fitting ?? throw new ServerMissingException($"The data in {data.Path} is PostgreSQL {data.Major}'s, "
            + "which is not on this machine"
            + (all.Count > 0 ? $" ({string.Join(", ", all.Select(found => found.Major).Distinct())} is)" : "")
            + $". Install it beside (Debian, Ubuntu: apt-get install postgresql-{data.Major}; Fedora: dnf install "
            + $"postgresql{data.Major}-server; macOS: brew install postgresql@{data.Major}), take the data over with "
            + "pg_upgrade, or give another --folder to begin anew.");
    }

    public static string Version(string folder) => Programs.Output(Path.Combine(folder, "postgres"), "--version");

    public static async Task EnsureInstalledAsync(bool mayInstall, Action<string> say, CancellationToken cancel)
    {
        if (Find() is not null) return;
        if (!mayInstall || !Unix.IsRoot || Programs.Find("apt-get") is not { } apt)
            throw new ServerMissingException(HowToInstall);
        say("PostgreSQL is not on this machine: installing it with apt-get install postgresql.");
        await PreventDefaultClusterAsync(cancel);
        await AptAsync(apt, ["update", "-q"], cancel);
        await AptAsync(apt, ["install", "-q", "-y", "--no-install-recommends", "postgresql"], cancel);
        if (Find() is null)
            throw new ServerMissingException("apt-get installed a PostgreSQL that is too old. " + HowToInstall);
    }

    /// <summary>
    /// The newest that is new enough. PATH may lead to an older one, and distributions keep the server's programs
    /// outside it.
    /// </summary>
    private static string? Find() => All().Select(found => found.Folder).FirstOrDefault();

    /// <summary>The newest first.</summary>
    private static List<(string Folder, int Major)> All() => [..
        PathFolders().Concat(DistributionFolders()).Concat(HomebrewFolders.SelectMany(Versions))
        .Where(folder => File.Exists(Path.Combine(folder, "postgres")) && File.Exists(Path.Combine(folder, "initdb")))
        .Select(folder => (Folder: folder, Major: Major(folder)))
        .Where(found => found.Major >= OldestMajor)
        .OrderByDescending(found => found.Major)];

    private static string[] PathFolders() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);

    private static IEnumerable<string> DistributionFolders() => Subfolders("/usr/lib/postgresql")
        .Concat(Subfolders("/usr")
            .Where(folder => Path.GetFileName(folder).StartsWith("pgsql-", StringComparison.Ordinal)))
        .Select(folder => Path.Combine(folder, "bin"));

    private static IEnumerable<string> Versions(string homebrew) => Subfolders(homebrew)
        .Where(folder => Path.GetFileName(folder).StartsWith("postgresql", StringComparison.Ordinal))
        .Select(folder => Path.Combine(folder, "bin"));

    private static string[] Subfolders(string folder) =>
        Directory.Exists(folder) ? Directory.GetDirectories(folder) : [];

    /// <summary>
    /// From "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)" or "postgres (PostgreSQL) 19beta3".
    /// </summary>
    private static int Major(string folder)
    {
        var words = Version(folder).Split(' ');
        var digits = string.Concat((words.ElementAtOrDefault(2) ?? "").TakeWhile(char.IsAsciiDigit));
        return int.TryParse(digits, CultureInfo.InvariantCulture, out var major) ? major : 0;
    }

    /// <summary>
    /// Debian's package would make a cluster of its own and start it on port 5432. Settings that are there already are
    /// somebody's: they stay.
    /// </summary>
    private static async Task PreventDefaultClusterAsync(CancellationToken cancel)
    {
        if (File.Exists(ClusterSettings)) return;
        Directory.CreateDirectory(Path.GetDirectoryName(ClusterSettings)!);
        await File.WriteAllTextAsync(ClusterSettings, "create_main_cluster = false\n", cancel);
    }

    private static Task AptAsync(string apt, string[] arguments, CancellationToken cancel) => Programs.RunAsync(
        // The file of settings above is ours, not the package's: without force-confold dpkg would ask which to keep.
        new()
        {
            Program = apt,
            Arguments = ["-o", "Dpkg::Options::=--force-confold", .. arguments],
            Environment = new Dictionary<string, string?> { ["DEBIAN_FRONTEND"] = "noninteractive" },
        },
        $"apt-get {arguments[0]}", cancel);
}
