using System.Collections.Concurrent;
using Checkout.EndToEnd.Http;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Checkout.Local;
using Checkout.Servers;
using Xunit;

namespace Checkout.EndToEnd.OpenApi;

/// <summary>A studio's client: made by Kiota of the documents alone (tests/OpenApi/Client), and used.</summary>
[Collection(SharedSystem.Collection)]
public sealed class KiotaTests(SharedSystem shared)
{
    private const int Coins = 700;

    private static readonly string Project = Path.Combine(Layout.Root, "tests", "OpenApi", "Client");

    private readonly TestSystem _system = shared.System;

    [Fact]
    public async Task A_client_generated_from_the_documents_buys_an_avatar()
    {
        using var folder = new TestFolder("client");
        await BuildAsync(folder["out"]);
        var customer = await _system.Game.NewAsync(coins: Coins);
        var (exitCode, lines) = await RunAsync(Layout.Dotnet,
            [Path.Combine(folder["out"], "Checkout.Client.dll"), _system.Addresses.Store, _system.Addresses.Balance,
                _system.Addresses.Inventory, customer, "gorilla"],
            new() { ["TOKEN"] = Answer.TokenOf(_system.Addresses.Store, customer) });
        var said = string.Join('\n', lines);
        Assert.True(exitCode == 0, said);
        Assert.Equal("""
            offered: gorilla, common, for 500
            refused: https://avatarstore.example/problems/price-changed, 500
            completed: CheckoutCreated, BalanceDeducted, AvatarAssigned, CheckoutCompleted
            seen again: completed
            listed: 1
            coins: 200
            avatars: gorilla
            """, said);
    }

    /// <summary>Skips the test where Kiota can't be had.</summary>
    private static async Task BuildAsync(string output)
    {
        var (exitCode, lines) = await RunAsync(Layout.Dotnet, ["tool", "restore"], []);
        if (exitCode != 0) throw Prerequisite.Missing("kiota",
            $"dotnet tool restore could not install Kiota: {string.Join(' ', lines.TakeLast(3))}");
        (exitCode, lines) = await RunAsync(Layout.Dotnet, ["build", Project, "--output", output, "-v", "q"], []);
        Assert.True(exitCode == 0, string.Join('\n', lines));
    }

    private static async Task<(int ExitCode, IReadOnlyCollection<string> Lines)> RunAsync(string program,
        IReadOnlyList<string> arguments, Dictionary<string, string?> environment)
    {
        var lines = new ConcurrentQueue<string>();
        await using var process = ChildProcess.Start(new()
        {
            Program = program,
            Arguments = [.. arguments],
            WorkingDirectory = Layout.Root,
            Environment = environment,
            OnLine = lines.Enqueue,
        });
        return (await process.Exited.WaitAsync(TestContext.Current.CancellationToken), lines);
    }
}
