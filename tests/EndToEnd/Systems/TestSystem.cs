using System.Collections.Concurrent;
using Checkout.Fixtures;
using Checkout.Local;
using Checkout.Local.Demo;
using Checkout.Servers;
using Xunit;

namespace Checkout.EndToEnd.Systems;

/// <summary>
/// The whole system, run for tests: as deploy/Local runs it, without fsync. Its logs stay with the test results.
/// </summary>
public sealed class TestSystem : IAsyncDisposable
{
    private readonly LocalOptions _options;
    private readonly string _name;

    private TestSystem(LocalSystem local, LocalOptions options, string name, ConcurrentQueue<string> said)
    {
        (Local, _options, _name, Said) = (local, options, name, said);
        Game = new(local.Addresses);
        Http.Answer.Knows(local.Tokens, local.Processes.Select(process => process.Url));
    }

    public LocalSystem Local { get; }

    public Game Game { get; }

    /// <summary>What it told its operator.</summary>
    public IReadOnlyCollection<string> Said { get; }

    public RunningSystem Addresses => Local.Addresses;

    public Supervised this[string process] => Local[process];

    public static LocalOptions Options(TestFolder folder) => new()
    {
        Folder = folder.Path,
        Fsync = false,
        MayInstall = false,
        StorePort = 0,
        Observed = false,
    };

    /// <param name="name">Names its logs among the test results.</param>
    public static async Task<TestSystem> StartAsync(string name, LocalOptions options)
    {
        var said = new ConcurrentQueue<string>();
        try
        {
            var local = await LocalSystem.StartAsync(options, said.Enqueue, TestContext.Current.CancellationToken);
            TestLog.Say($"{name} on {local.Broker.Name}");
            return new(local, options, name, said);
        }
        catch (ServerMissingException e)
        {
            throw Prerequisite.Missing("postgres", e.Message, e);
        }
        catch
        {
            KeepLogs(options, name);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Game.Dispose();
        await Local.DisposeAsync();
        KeepLogs(_options, _name);
    }

    private static void KeepLogs(LocalOptions options, string name)
    {
        var kept = Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(TestLog.File)!, "logs", name)).FullName;
        foreach (var log in Directory.GetFiles(Path.Combine(options.Folder, "logs")))
        {
            File.Copy(log, Path.Combine(kept, Path.GetFileName(log)), overwrite: true);
            // Shown if the test fails.
            foreach (var line in LogExcerpt.Of(log)) TestContext.Current.TestOutputHelper?.WriteLine(line);
        }
    }
}
