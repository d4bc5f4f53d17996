using System.Globalization;
using Checkout.Fixtures;
using Checkout.Servers;
using Xunit;

namespace Checkout.Deploy.Tests.Servers;

public sealed class ChildProcessTests
{
    private const string UntilStopped =
        "trap 'echo stopping; exit 3' TERM; echo ready $$; while :; do sleep 0.05; done";
    private const string Stubborn = "trap '' TERM; echo ready $$; while :; do sleep 0.05; done";

    [Fact]
    public async Task The_pid_is_the_programs_own_and_the_stop_signal_ends_it()
    {
        await using var child = await StartAsync(UntilStopped);
        Assert.Contains($"ready {child.Pid}", child.LastLines(), StringComparison.Ordinal);
        Assert.False(child.HasExited);
        Assert.Equal(3, await child.StopAsync());
        Assert.EndsWith("stopping", child.LastLines(), StringComparison.Ordinal);
        Assert.True(child.HasExited);
        Assert.Equal(3, child.ExitCode);
        await NothingIsLeft(child.Pid);
    }

    [Fact]
    public async Task A_program_that_ignores_the_stop_signal_is_killed_after_the_grace()
    {
        await using var child = await StartAsync(Stubborn);
        Assert.Equal(128 + 9, await child.StopAsync(TimeSpan.FromMilliseconds(200)));
        await NothingIsLeft(child.Pid);
    }

    [Fact]
    public async Task A_program_that_ends_by_itself_tells_its_code_and_leaves_no_watcher()
    {
        await using var child = ChildProcess.Start(Shell("sleep 60 & echo done >&2; exit 7"));
        Assert.Equal(7, await child.Exited);
        Assert.Equal("done", child.LastLines());
        await NothingIsLeft(child.Pid);
    }

    [Fact]
    public async Task A_frozen_program_can_be_woken_stopped_and_killed()
    {
        await using var child = await StartAsync(UntilStopped);
        Assert.True(child.Signal("STOP"));
        await Eventually.Until(() => State(child.Pid) == 'T', "the program is frozen");
        Assert.True(child.Signal("CONT"));
        await Eventually.Until(() => State(child.Pid) != 'T', "the program runs again");
        Assert.True(child.Signal("STOP"));
        Assert.Equal(3, await child.StopAsync());
        Assert.False(child.Signal("TERM"));

        await using var other = await StartAsync(UntilStopped);
        other.Kill();
        Assert.Equal(128 + 9, await other.Exited);
    }

    [Theory]
    [InlineData(UntilStopped)]
    [InlineData(Stubborn)]
    public async Task Killing_the_parent_ends_its_children_and_all_that_watched_them(string script)
    {
        await using var parent = await ParentProcess.StartAsync(script);
        Assert.All(parent.Children, pid => Assert.NotEqual(' ', State(pid)));
        await parent.KillAsync();
        foreach (var pid in parent.Children) await NothingIsLeft(pid);
    }

    [Fact]
    public async Task Environment_folder_and_log_file_are_the_given_ones()
    {
        var folder = Directory.CreateTempSubdirectory("checkout-child");
        var log = Path.Combine(folder.FullName, "out.log");
        await File.WriteAllTextAsync(log, "before\n", TestContext.Current.CancellationToken);
        var settings = Shell("pwd; echo $COLOUR >&2") with
        {
            WorkingDirectory = folder.FullName,
            LogFile = log,
            Environment = new Dictionary<string, string?> { ["COLOUR"] = "red" },
        };
        await using var child = ChildProcess.Start(settings);
        await child.Exited;
        Assert.Equal($"before\n{folder.FullName}\nred", child.LastLines());
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Lines_are_handed_over_as_they_come()
    {
        var lines = new List<string>();
        await using var child = ChildProcess.Start(Shell("echo one; echo two") with { OnLine = lines.Add });
        await child.Exited;
        Assert.Equal(["one", "two"], lines);
    }

    [Fact]
    public async Task Root_can_run_a_program_as_another_user()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess && OperatingSystem.IsLinux(),
            "Only root can change to another user.");
        await using var child = ChildProcess.Start(Shell("id -un; echo $$") with { RunAs = "nobody" });
        await child.Exited;
        Assert.Equal($"nobody\n{child.Pid}", child.LastLines());
    }

    [Fact]
    public void A_program_that_is_not_there_is_told_in_a_sentence()
    {
        var refusal = Assert.Throws<ServerMissingException>(() =>
            ChildProcess.Start(new() { Program = "no-such-program" }));
        Assert.Contains("no-such-program", refusal.Message, StringComparison.Ordinal);
        Assert.Throws<ServerMissingException>(() => ChildProcess.Start(new() { Program = "/no/such/program" }));
    }

    private static ChildSettings Shell(string script) => new() { Program = "/bin/sh", Arguments = ["-c", script] };

    private static async Task<ChildProcess> StartAsync(string script)
    {
        var child = ChildProcess.Start(Shell(script));
        await Eventually.Until(() => child.LastLines().Contains("ready", StringComparison.Ordinal),
            "the program is ready");
        return child;
    }

    /// <summary>The program led a session: its watcher, their sleeps and its own children were in it.</summary>
    private static Task NothingIsLeft(int session) =>
        Eventually.Until(() => Sessions().All(found => found != session), $"no process of session {session} is left");

    private static IEnumerable<int> Sessions() => Directory.GetDirectories("/proc")
        .Select(folder => Stat(Path.GetFileName(folder)))
        .Where(fields => fields.Length > 3 && fields[0] != "Z")
        .Select(fields => int.Parse(fields[3], CultureInfo.InvariantCulture));

    private static char State(int pid) =>
        Stat(pid.ToString(CultureInfo.InvariantCulture)) is [var state, ..] ? state[0] : ' ';

    /// <summary>The fields of /proc/PID/stat after the name: state, parent, group, session.</summary>
    private static string[] Stat(string pid)
    {
        if (!int.TryParse(pid, CultureInfo.InvariantCulture, out _)) return [];
        try
        {
            var line = File.ReadAllText($"/proc/{pid}/stat");
            return line[(line.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return [];
        }
        catch (UnauthorizedAccessException)
        {
            return [];
        }
    }
}
