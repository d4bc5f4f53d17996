using System.Collections.Concurrent;
using Checkout.EndToEnd.Http;
using Checkout.EndToEnd.Programs;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Checkout.Local.Demo;
using Checkout.Servers;
using Xunit;

namespace Checkout.EndToEnd.Steps;

/// <summary>docs/adding-a-step.md, done to a copy of the repository.</summary>
public sealed class AddingAStepTests
{
    private const long Price = 50_000;
    private const long Cashback = 500;
    private static readonly string[] Copied = ["contracts", "services", "deploy"];
    private static readonly string[] NotCopied = ["bin", "obj", ".local"];
    private static readonly TimeSpan BuiltWithin = TimeSpan.FromMinutes(5);

    private static readonly string Root = Local.Layout.Root;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static IReadOnlyList<Edit> Edits =>
        Guide.EditsOf(File.ReadAllText(Path.Combine(Root, "docs", "adding-a-step.md")));

    [Fact]
    public void In_the_services_a_step_is_a_row_to_hear_a_row_to_tell_a_decision_and_a_change()
    {
        var added = Edits.Where(edit => edit.File.StartsWith("services/", StringComparison.Ordinal)).ToList();
        Assert.All(added, edit => Assert.EndsWith(".cs", edit.File, StringComparison.Ordinal));
        Assert.Equal([".On<", ".Tells<"],
            added.Take(2).Select(edit => edit.Text.Trim().Split('>')[0].Split('<')[0] + "<"));
        Assert.All(added.Take(2), edit => Assert.Single(edit.Text.Trim().Split('\n')));
        var functions = Assert.Single(added.Skip(2)).Text;
        Assert.Equal(2, functions.Split("    public static ").Length - 1);
        Assert.DoesNotContain("class ", functions, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_guide_says_builds_and_runs()
    {
        using var folder = new TestFolder("step");
        var copy = folder["copy"];
        foreach (var part in Copied) Copy(Path.Combine(Root, part), Path.Combine(copy, part));
        foreach (var file in Directory.GetFiles(Root)) File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        foreach (var edit in Edits) edit.ApplyTo(copy);
        AnalyzeOnlyWhatIsAdded(copy);
        await BuildAsync(copy);

        var program = Path.Combine(copy, "deploy", "Local", "bin", "Debug", "net10.0", "Checkout.Local.dll");
        await using var local = LocalRun.Start(folder["data"], ["--in-memory-broker", "--port", "0"], program);
        var running = await local.RunningAsync();
        using var game = new Game(running);
        var customer = await game.NewAsync(coins: Price);
        Assert.Equal("completed",
            (await game.EndOfAsync(customer, await game.BuyAsync(customer, "tiger", "k", Cancel))).State);
        await game.UntilCoinsAsync(customer, Cashback, Players.Patience, Cancel);

        // The change is the event's difference, so the events alone lead to the same coins.
        var (code, said) = await RunAsync(copy, Local.Layout.Dotnet, running.Database("balance"), Path.Combine(
            copy, "services", "Balance", "bin", "Debug", "net10.0", "Checkout.Balance.dll"), "rebuild");
        Assert.True(code == 0, said);
        local.Signal("INT");
        Assert.Equal(0, await local.Exited.WaitAsync(Players.Patience, Cancel));
    }

    /// <summary>
    /// The guide's code is in Balance; the rest was analyzed by the build that these tests come from.
    /// </summary>
    private static void AnalyzeOnlyWhatIsAdded(string copy)
    {
        var settings = Path.Combine(copy, "Directory.Build.props");
        File.WriteAllText(settings, File.ReadAllText(settings).Replace("</Project>", """
              <PropertyGroup Condition="'$(MSBuildProjectName)' != 'Balance'">
                <RunAnalyzers>false</RunAnalyzers>
              </PropertyGroup>
            </Project>
            """, StringComparison.Ordinal));
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        foreach (var part in Directory.GetDirectories(from).Where(part => !NotCopied.Contains(Path.GetFileName(part))))
            Copy(part, Path.Combine(to, Path.GetFileName(part)));
    }

    private static async Task BuildAsync(string copy)
    {
        var (code, said) = await RunAsync(copy, Local.Layout.Dotnet, database: null, "build", "deploy/Local",
            "-warnaserror", "-nodeReuse:false", "-c", "Debug");
        Assert.True(code == 0, said);
    }

    private static async Task<(int Code, string Said)> RunAsync(string folder, string program, string? database,
        params string[] arguments)
    {
        var lines = new ConcurrentQueue<string>();
        await using var process = ChildProcess.Start(new()
        {
            Program = program,
            Arguments = arguments,
            WorkingDirectory = folder,
            Environment = new Dictionary<string, string?>
            {
                ["Database__ConnectionString"] = database,
                ["Kafka__BootstrapServers"] = "127.0.0.1:9",
                ["Registry__Url"] = "http://127.0.0.1:9",
            },
            OnLine = lines.Enqueue,
        });
        return (await process.Exited.WaitAsync(BuiltWithin, Cancel), string.Join('\n', lines));
    }
}
