using Checkout.EndToEnd.Http;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Checkout.Local.Demo;
using Xunit;

namespace Checkout.EndToEnd.Programs;

/// <summary>The one command, run as its user runs it.</summary>
public sealed class LocalProgramTests : IDisposable
{
    private const string InMemory = "--in-memory-broker";
    private static readonly TimeSpan Seconds = TimeSpan.FromSeconds(20);

    private readonly TestFolder _folder = new("local");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Its_own_violent_death_stops_everything_and_the_next_start_goes_on_until_Ctrl_C_stops_everything()
    {
        const string customer = "player-1";
        Answer posted;
        await using (var local = LocalRun.Start(_folder.Path, "--port", "0"))
        {
            var running = await local.RunningAsync();
            var children = ProcessList.DescendantsOf(local.Pid);
            posted = await Answer.PostAsync($"{running.Store}/checkouts", """{"sku":"gorilla"}""", customer, "\"k\"");
            local.Kill();
            await NothingIsLeftAsync(children, _folder);
        }
        await using var again = LocalRun.Start(_folder.Path, "--port", "0");
        using var game = new Game(await again.RunningAsync());
        Assert.Equal("completed",
            (await game.EndOfAsync(customer, posted.Json.GetProperty("checkoutId").GetGuid(), Players.Patience,
                Cancel)).State);
        await StopsEverythingAsync(again, "INT");
    }

    [Fact]
    public async Task A_second_start_in_the_folder_is_told_a_dead_service_starts_again_and_SIGTERM_stops_everything()
    {
        await using var local = LocalRun.Start(_folder.Path, InMemory, "--port", "0");
        var running = await local.RunningAsync();

        await using (var second = LocalRun.Start(_folder.Path, InMemory, "--port", "0"))
        {
            Assert.Equal(1, await second.Exited.WaitAsync(Seconds, Cancel));
            await second.SaysAsync($"The system runs already in {_folder.Path}: Store is at {running.Store}. Stop it "
                + "there with Ctrl+C, or give another --folder.");
        }

        using var game = new Game(running);
        await game.ControlAsync("balance", "kill", Cancel);
        await local.SaysAsync("balance ended with exit code 137 and is started again");
        await Eventually.Until(() => local.Output.Split('\n')
            .Count(line => line.StartsWith("balance: Ready, process ", StringComparison.Ordinal)) == 2,
            "balance is said to be ready again");
        var customer = await game.NewAsync(coins: 500);
        Assert.Equal("completed",
            (await game.EndOfAsync(customer, await game.BuyAsync(customer, "gorilla", "k", Cancel))).State);
        await StopsEverythingAsync(local, "TERM");
    }

    [Fact]
    public Task Wrong_settings_are_told_in_a_sentence_each() => Task.WhenAll(
        ToldAsync("No Kafka answers at 127.0.0.1:1", "--bootstrap-servers", "127.0.0.1:1"),
        ToldAsync("No Kafka answers at nonsense", "--bootstrap-servers", "nonsense"),
        ToldAsync("No schema registry answers at http://127.0.0.1:1", InMemory, "--schema-registry-url",
            "http://127.0.0.1:1"),
        ToldAsync("nonsense is not an http or https address", InMemory, "--schema-registry-url", "nonsense"),
        ToldAsync("0 processes of each service", InMemory, "--instances", "0"),
        ToldAsync("The port 70000 can't be the first", InMemory, "--port", "70000"));

    [Fact]
    public async Task A_Kafka_without_Java_is_told_with_the_way_to_do_without_it()
    {
        using var kafka = new TestFolder("no-kafka");
        Directory.CreateDirectory(kafka["bin"]);
        await File.WriteAllTextAsync(Path.Combine(kafka["bin"], "kafka-server-start.sh"), "", Cancel);
        await ToldAsync("or give --in-memory-broker: Kafka needs Java 17 or newer", ["--port", "0"],
            new() { ["KAFKA_HOME"] = kafka.Path, ["JAVA_HOME"] = kafka.Path });
    }

    private static Task ToldAsync(string sentence, params string[] arguments) => ToldAsync(sentence, arguments, []);

    private static async Task ToldAsync(string sentence, string[] arguments, Dictionary<string, string?> environment)
    {
        using var folder = new TestFolder("wrong");
        await using var local = LocalRun.Start(folder.Path, arguments,
            typeof(Local.LocalSystem).Assembly.Location, environment);
        Assert.Equal(1, await local.Exited.WaitAsync(TimeSpan.FromSeconds(60), Cancel));
        Assert.Contains(sentence, local.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", local.Output, StringComparison.Ordinal);
        await NothingIsLeftAsync([], folder);
    }

    [Fact]
    public async Task The_demo_plays_on_a_fresh_system_and_all_of_it_holds()
    {
        await using var demo = LocalRun.Start(_folder.Path, "demo", "--port", "0");
        var exitCode = await demo.Exited.WaitAsync(TimeSpan.FromSeconds(180), Cancel);
        Assert.True(exitCode == 0, demo.Output);
        await demo.SaysAsync("All of it holds.");
        Assert.DoesNotContain("  NO ", demo.Output, StringComparison.Ordinal);
        await NothingIsLeftAsync([], _folder);
    }

    private async Task StopsEverythingAsync(LocalRun local, string signal)
    {
        var children = ProcessList.DescendantsOf(local.Pid);
        Assert.True(children.Count >= 5,
            $"{children.Count} processes: PostgreSQL, three services and the tailer are five");
        local.Signal(signal);
        Assert.Equal(0, await local.Exited.WaitAsync(Seconds, Cancel));
        await local.SaysAsync("Everything is stopped; the data is kept.");
        await NothingIsLeftAsync(children, _folder);
    }

    private static async Task NothingIsLeftAsync(IReadOnlyList<Listed> children, TestFolder folder)
    {
        IReadOnlyList<Listed> left = [];
        try
        {
            await Eventually.Until(() => (left = ProcessList.Left(children, folder.Path)).Count == 0, "nothing is left",
                Seconds);
        }
        catch (TimeoutException)
        {
            Assert.Fail("These are left:\n" + string.Join('\n', left));
        }
    }
}
