using System.Diagnostics;
using System.Globalization;

namespace Checkout.EndToEnd.Programs;

internal sealed record Listed(int Pid, int Parent, string CommandLine);

/// <summary>The processes of this machine.</summary>
internal static class ProcessList
{
    /// <summary>The process's children, theirs, and so on.</summary>
    public static IReadOnlyList<Listed> DescendantsOf(int pid)
    {
        var all = Now();
        var found = new List<Listed>();
        for (List<Listed> level = all.Where(p => p.Parent == pid).ToList(); level.Count > 0;
            level = all.Where(p => level.Any(l => l.Pid == p.Parent)).ToList()) found.AddRange(level);
        return found;
    }

    /// <summary>Those of these that run still, and every other that speaks of this folder.</summary>
    public static IReadOnlyList<Listed> Left(IReadOnlyList<Listed> of, string folder)
    {
        var known = of.ToDictionary(p => p.Pid, p => p.CommandLine);
        return Now()
            .Where(p => (known.TryGetValue(p.Pid, out var before) && before == p.CommandLine)
                || p.CommandLine.Contains(folder, StringComparison.Ordinal)).ToList();
    }

    private static List<Listed> Now() => (OperatingSystem.IsLinux() ? FromProc() : FromPs()).ToList();

    private static IEnumerable<Listed> FromProc()
    {
        foreach (var folder in Directory.GetDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
                continue;
            Listed? listed = null;
            try
            {
                var words = File.ReadAllText(Path.Combine(folder, "cmdline")).Replace('\0', ' ').Trim();
                // pid (name) state parent ...: the name may hold spaces and brackets.
                var status = File.ReadAllText(Path.Combine(folder, "stat"));
                var fields = status[(status.LastIndexOf(')') + 2)..].Split(' ');
                // A zombie has no command line; it has ended.
                if (words.Length > 0) listed = new(pid, int.Parse(fields[1], CultureInfo.InvariantCulture), words);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException) { } // It ended meanwhile.
            if (listed is not null) yield return listed;
        }
    }

    private static List<Listed> FromPs()
    {
        using var ps =
            Process.Start(
                new ProcessStartInfo("ps", ["-A", "-o", "pid=,ppid=,args="]) { RedirectStandardOutput = true })!;
        var lines = ps.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        ps.WaitForExit();
        return lines.Select(line =>
            line.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                .Where(words => words.Length == 3)
            .Select(words =>
                new Listed(int.Parse(words[0], CultureInfo.InvariantCulture),
                    int.Parse(words[1], CultureInfo.InvariantCulture), words[2])).ToList();
    }
}
