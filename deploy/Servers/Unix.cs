using System.Globalization;
using System.Runtime.InteropServices;

namespace Checkout.Servers;

/// <summary>The few calls to the operating system that .NET does not offer.</summary>
internal static partial class Unix
{
    public static bool IsRoot => OperatingSystem.IsLinux() && EffectiveUserId() == 0;

    /// <summary>Signal numbers differ between systems: STOP is 19 on Linux and 17 on macOS.</summary>
    public static int SignalNumber(string name) => (name, OperatingSystem.IsMacOS()) switch
    {
        ("HUP", _) => 1,
        ("INT", _) => 2,
        ("QUIT", _) => 3,
        ("KILL", _) => 9,
        ("TERM", _) => 15,
        ("STOP", false) => 19,
        ("STOP", true) => 17,
        ("CONT", false) => 18,
        ("CONT", true) => 19,
        _ => throw new ArgumentException(
            $"The signal {name} is not known here: give HUP, INT, QUIT, KILL, TERM, STOP or CONT.", nameof(name)),
    };

    /// <summary>False where there is no such process (any more), or it is not ours to signal.</summary>
    public static bool Send(int pid, string signal) => Kill(pid, SignalNumber(signal)) == 0;

    /// <summary>A process of another user counts as there: EPERM (1) says that it exists.</summary>
    public static bool IsThere(int pid) => Kill(pid, 0) == 0 || Marshal.GetLastPInvokeError() == 1;

    /// <summary>
    /// The processes that this one has started and that are still there. Empty where the system has no /proc: macOS.
    /// </summary>
    public static IReadOnlyList<int> Children(int pid)
    {
        var list = $"/proc/{pid}/task/{pid}/children";
        return File.Exists(list)
            ? [.. File.ReadAllText(list).Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(child => int.Parse(child, CultureInfo.InvariantCulture))]
            : [];
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUserId();
}
