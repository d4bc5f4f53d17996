using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Checkout.Servers;

/// <summary>
/// The data folder and the user it belongs to. PostgreSQL refuses to run as root, and the user it runs as instead must
/// reach the folder.
/// </summary>
internal sealed record PostgresFolder(string Path, string? User, string? Note)
{
    private static readonly TimeSpan PredecessorPatience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    public bool IsEmpty => !File.Exists(VersionFile);

    /// <summary>The major version whose data it is.</summary>
    public int Major => int.Parse(File.ReadAllText(VersionFile), CultureInfo.InvariantCulture);

    private string VersionFile => System.IO.Path.Combine(Path, "PG_VERSION");

    private string LockFile => System.IO.Path.Combine(Path, "postmaster.pid");

    public static PostgresFolder For(string wanted)
    {
        wanted = System.IO.Path.GetFullPath(wanted);
        if (!Unix.IsRoot)
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(wanted)!);
            return new(wanted, null, null);
        }
        var user = UserFor(wanted);
        if (MakeReachable(wanted, user)) return new(wanted, user, null);
        var instead = "/var/tmp/checkout-"
            + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(wanted)))[..10];
        var note = $"PostgreSQL does not run as root, and the user {user}, as which it runs here, can't reach "
            + $"{wanted}: its data is in {instead}.";
        return MakeReachable(instead, user)
            ? new(instead, user, note)
            : throw new ServerFailedException(
                $"The user {user}, as which PostgreSQL runs here, can reach neither {wanted} nor {instead}: " +
                "give a data folder below one open to all, or run as a plain user.");
    }

    /// <summary>
    /// A process killed with SIGKILL leaves postmaster.pid behind, and PostgreSQL believes it if any process of the
    /// same user has got that pid since: so we look who that is. A predecessor still on its way down (its watcher is
    /// stopping it) is waited for; one that is not is somebody's, and left alone.
    /// </summary>
    public async Task ClearLockFileAsync(CancellationToken cancel)
    {
        for (var left = PredecessorPatience; ; left -= PollInterval)
        {
            if (await ReadLockAsync(cancel) is not { } held) return;
            if (!IsPostmaster(held.Pid))
            {
                File.Delete(LockFile);
                return;
            }
            var patience = held.IsStopping ? TimeSpan.Zero : PredecessorPatience - TimeSpan.FromSeconds(2);
            if (left <= patience)
            {
                throw new ServerFailedException(
                    $"PostgreSQL (process {held.Pid}, port {held.Port}) runs already with the data folder {Path}: " +
                    "stop the system that started it, or give another folder.");
            }
            await Task.Delay(PollInterval, cancel);
        }
    }

    /// <summary>Data that is there belongs to whoever made it, perhaps as a plain user before.</summary>
    private static string UserFor(string wanted)
    {
        var version = System.IO.Path.Combine(wanted, "PG_VERSION");
        var owner = File.Exists(version) ? Programs.Output("stat", "-c", "%U", version) : "root";
        if (owner is not ("root" or "UNKNOWN" or "")) return owner;
        return Programs.Output("id", "-u", "postgres") is "" ? "nobody" : "postgres";
    }

    private static bool MakeReachable(string folder, string user)
    {
        var isNew = !Directory.Exists(folder);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(folder)!);
        Programs.Output("install", "-d", "-o", user, "-m", "0700", folder);
        string[] asUser = ["--reuid", user, "--regid", Programs.Output("id", "-g", user), "--init-groups", "--"];
        if (Programs.Output("setpriv", [.. asUser, "/bin/sh", "-c", "cd \"$1\" && test -w . && echo yes", "sh", folder])
            == "yes") return true;
        if (isNew && Directory.Exists(folder)) Directory.Delete(folder);
        return false;
    }

    /// <summary>Line 1 is the pid, line 4 the port, line 8 the state (since PostgreSQL 10).</summary>
    private async Task<(int Pid, string Port, bool IsStopping)?> ReadLockAsync(CancellationToken cancel)
    {
        try
        {
            var lines = await File.ReadAllLinesAsync(LockFile, cancel);
            if (lines.Length == 0 || !int.TryParse(lines[0], CultureInfo.InvariantCulture, out var pid)) pid = 0;
            return (pid, lines.ElementAtOrDefault(3) ?? "?",
                (lines.ElementAtOrDefault(7) ?? "").StartsWith("stopping", StringComparison.Ordinal));
        }
        catch (IOException)
        {
            return null; // There is none, or no longer.
        }
    }

    private bool IsPostmaster(int pid)
    {
        if (pid <= 0 || !Unix.IsThere(pid)) return false;
        var words = File.Exists($"/proc/{pid}/cmdline")
            ? File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ')
            : Programs.Output("ps", "-o", "command=", "-p", pid.ToString(CultureInfo.InvariantCulture));
        return words.Contains("postgres", StringComparison.Ordinal)
            && words.Contains($"-D {Path} ", StringComparison.Ordinal);
    }
}
