using System.Text.Json;
using Checkout.Local;
using Checkout.Servers;
using Xunit;

namespace Checkout.EndToEnd.Systems;

/// <summary>What an operator does by the services' own commands.</summary>
internal static class ServiceCommands
{
    /// <summary>Puts packages on sale and delivers pieces of them.</summary>
    public static async Task OfferAsync(this TestSystem system,
        params (string Sku, long PriceCoins, long Quantity)[] packages)
    {
        var listed = packages.Select(p => new { sku = p.Sku, name = p.Sku, priceCoins = p.PriceCoins });
        var delivered = packages.Where(p => p.Quantity > 0)
            .Select(p => new { sku = p.Sku, quantity = p.Quantity, reference = "tests" });
        await Task.WhenAll(system.GiveAsync("store", "list-packages", listed),
            system.GiveAsync("inventory", "add-stock", delivered));
    }

    public static Task ChangePriceAsync(this TestSystem system, string sku, long priceCoins) =>
        system.GiveAsync("store", "change-price", new[] { new { sku, priceCoins } });

    /// <summary>Rebuilds the state of every service from its events in a shadow copy, and has it compared.</summary>
    public static async Task AssertRebuildEqualsAsync(this TestSystem system)
    {
        var rebuilt =
            await Task.WhenAll(
                new[] { "store", "balance",
                    "inventory" }.Select(async service =>
                        (Service: service, Result: await system.RunAsync(service,
                            system.Local.OwnerEnvironment(service), "rebuild"))));
        Assert.All(rebuilt, r => Assert.True(r.Result.ExitCode == 0, $"{r.Service} rebuild: {r.Result.Output}"));
        Assert.All(rebuilt, r => Assert.Contains("equal.", r.Result.Output, StringComparison.Ordinal));
    }

    public static Task<(int ExitCode, string Output)> RunAsync(this TestSystem system, string service,
        params string[] arguments) =>
        system.RunAsync(service, system.Local.ServiceEnvironment(service, $"{service}-command"), arguments);

    /// <summary>Begins a service's command.</summary>
    public static ChildProcess Start(this TestSystem system, string service, params string[] arguments) =>
        Start(service, system.Local.ServiceEnvironment(service, $"{service}-command"), arguments);

    public static async Task<(int ExitCode, string Output)> RunAsync(this TestSystem system, string service,
        Dictionary<string, string?> environment, params string[] arguments)
    {
        await using var command = Start(service, environment, arguments);
        var exitCode = await command.Exited.WaitAsync(TestContext.Current.CancellationToken);
        return (exitCode, command.LastLines());
    }

    private static ChildProcess Start(string service, Dictionary<string, string?> environment, string[] arguments)
    {
        var dll = Layout.ServiceDll(char.ToUpperInvariant(service[0]) + service[1..]);
        return ChildProcess.Start(new()
        {
            Program = Layout.Dotnet,
            Arguments = [dll, .. arguments],
            WorkingDirectory = Path.GetDirectoryName(dll),
            Environment = environment,
        });
    }

    /// <summary>Gives a service's operators' command a file of these.</summary>
    public static async Task GiveAsync(this TestSystem system, string service, string command, object facts)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, JsonSerializer.Serialize(facts));
            var (exitCode, output) = await system.RunAsync(service, command, file);
            Assert.True(exitCode == 0, $"{service} {command}: {output}");
        }
        finally
        {
            File.Delete(file);
        }
    }
}
