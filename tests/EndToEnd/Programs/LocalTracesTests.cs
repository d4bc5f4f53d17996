using Checkout.EndToEnd.Http;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Checkout.Local;
using Checkout.Local.Demo;
using Checkout.Servers;
using Xunit;

namespace Checkout.EndToEnd.Programs;

/// <summary>What the one command does with traces.</summary>
public sealed class LocalTracesTests : IDisposable
{
    private const string Unsampled = "0af7651916cd43dd8448eb211c80319c";

    private static readonly TimeSpan Seconds = TimeSpan.FromSeconds(60);

    private static readonly string[] Steps =
    [
        "store  POST /checkouts", "logtailer  send store.checkouts", "balance  process store.checkouts",
        "logtailer  send balance.accounts", "inventory  process balance.accounts",
        "logtailer  send inventory.avatars", "store  process inventory.avatars",
    ];

    private readonly TestFolder _folder = new("traces");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    /// <summary>
    /// The whole chain follows the decision of the edge, though the caller said that it records nothing; and the trace
    /// is the caller's.
    /// </summary>
    [Fact]
    public async Task A_trace_is_printed_also_of_a_caller_that_samples_nothing_where_the_operator_says_so()
    {
        string checkout;
        await using (var local = Start("--traces", "text", sampler: "always_on"))
        {
            checkout = await BuyAsync(await local.RunningAsync());
            var printed = await PrintedAsync(Unsampled, Steps);
            Assert.Contains("spans of balance, inventory, logtailer, store, ", printed, StringComparison.Ordinal);
            Assert.Contains($"checkout {checkout}", printed, StringComparison.Ordinal);
            Assert.Contains(" ms in the broker", printed, StringComparison.Ordinal);
            Assert.Contains(Steps[^1], await PrintedAsync(checkout, Steps), StringComparison.Ordinal);
            Assert.True(local.Signal("TERM"));
            await local.Exited.WaitAsync(Seconds, Cancel);
        }
        var afterwards = await PrintedAsync(checkout, ["no spans of it are kept", "    balance  BalanceDeducted"]);
        Assert.Contains("      inventory  AvatarAssigned", afterwards, StringComparison.Ordinal);
        Assert.Contains("      inventory  AvatarAssigned", await PrintedAsync(Unsampled, []), StringComparison.Ordinal);
        Assert.Contains("is neither a checkout's id nor a trace's", await SaidAsync(1, "nonsense"),
            StringComparison.Ordinal);
        Assert.Contains("No span and no event of", await SaidAsync(1, $"{Guid.NewGuid()}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_a_Jaeger_is_found_it_is_started_and_linked_and_stopped_with_the_rest()
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(JaegerHome.Variable)))
            throw Prerequisite.Missing("jaeger",
                $"{JaegerHome.Variable} does not name a folder with a released Jaeger.");
        await using var local = Start("--traces", "auto", sampler: null);
        var running = await local.RunningAsync();
        var jaeger = running.Traces!.Url;
        await local.SaysAsync($"Traces     {jaeger}/    Jaeger; a checkout's is at {jaeger}/trace/");
        // What a caller does not sample is not, by the specification, where nobody says otherwise.
        await BuyAsync(running);
        using var game = new Game(running);
        var customer = await game.NewAsync(coins: 700);
        var ended = await game.EndOfAsync(customer, await game.BuyAsync(customer, "gorilla", "k", Cancel));

        var printed = await PrintedAsync($"{ended.CheckoutId}", Steps);
        Assert.Contains($"{jaeger}/trace/{ended.TraceId}", printed, StringComparison.Ordinal);
        Assert.Empty(await running.Traces.OfAsync(Unsampled, Cancel));
        Assert.Contains("no spans of it are kept", await SaidAsync(0, Unsampled), StringComparison.Ordinal);

        var children = ProcessList.DescendantsOf(local.Pid);
        Assert.Contains(children, child => child.CommandLine.Contains("jaeger-all-in-one", StringComparison.Ordinal));
        Assert.True(local.Signal("INT"));
        Assert.Equal(0, await local.Exited.WaitAsync(Seconds, Cancel));
        await Eventually.Until(() => ProcessList.Left(children, _folder.Path).Count == 0, "nothing of it runs",
            Seconds);
        using var http = new HttpClient();
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(new Uri(jaeger), Cancel));
    }

    private LocalRun Start(string option, string value, string? sampler) => LocalRun.Start(_folder.Path,
        ["--in-memory-broker", "--port", "0", option, value], typeof(LocalSystem).Assembly.Location,
        new Dictionary<string, string?> { ["OTEL_TRACES_SAMPLER"] = sampler });

    /// <summary>Bought by somebody who says that they record nothing of it.</summary>
    private static async Task<string> BuyAsync(RunningSystem running)
    {
        using var game = new Game(running);
        var customer = await game.NewAsync(coins: 700);
        var posted = await Answer.PostAsync($"{running.Store}/checkouts", """{"sku":"gorilla"}""", customer, "\"k\"",
            traceParent: $"00-{Unsampled}-b7ad6b7169203331-00");
        var id = posted.Json.GetProperty("checkoutId").GetGuid();
        Assert.Equal("completed", (await game.EndOfAsync(customer, id, Players.Patience, Cancel)).State);
        return id.ToString();
    }

    /// <summary>Processes export a moment later.</summary>
    private async Task<string> PrintedAsync(string id, string[] words)
    {
        var printed = "";
        await Eventually.Until(async () =>
        {
            printed = await RunAsync(id, exitCode: null);
            return words.All(word => printed.Contains(word, StringComparison.Ordinal));
        }, $"trace {id} says all", Seconds);
        return printed;
    }

    private Task<string> SaidAsync(int exitCode, string id) => RunAsync(id, exitCode);

    private async Task<string> RunAsync(string id, int? exitCode)
    {
        await using var trace = LocalRun.Start(_folder.Path, "trace", id);
        var code = await trace.Exited.WaitAsync(Seconds, Cancel);
        if (exitCode is { } wanted) Assert.Equal(wanted, code);
        return trace.Output;
    }
}
