using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Checkout.Local;
using Checkout.Local.Demo;
using Npgsql;
using Xunit;

namespace Checkout.EndToEnd.Programs;

/// <summary>Everything is where it was yesterday, unless somebody else is there.</summary>
public sealed class LocalPortsTests
{
    // Above the ports that other tests are given, below those of outgoing connections.
    private const int First = 31_001;
    private const int Blocks = 140;
    private const int BlockPorts = 12;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void A_taken_port_is_replaced_and_named_and_the_others_keep_theirs()
    {
        var store = FreeBlock();
        using var other = Occupy(store + (int)Listener.Balance);
        var said = new List<string>();
        var ports = new LocalPorts(store, said.Add);
        var taken = Enum.GetValues<Listener>().ToDictionary(listener => listener, ports.Take);

        var balance = taken[Listener.Balance];
        Assert.Equal([$"Port {store + 2} is taken: Balance listens on {balance}"], said);
        Assert.All(taken.Where(t => t.Key != Listener.Balance), t => Assert.Equal(store + (int)t.Key, t.Value));
        Assert.DoesNotContain(balance, Enumerable.Range(store, BlockPorts));
    }

    [Fact]
    public void Port_0_takes_free_ports_and_says_nothing()
    {
        var ports = new LocalPorts(0, sentence => Assert.Fail(sentence));
        Assert.Equal(BlockPorts, Enum.GetValues<Listener>().Select(ports.Take).Distinct().Count());
    }

    [Fact]
    public void The_documented_ports_are_outside_the_range_of_outgoing_connections() =>
        Assert.InRange(LocalPorts.Default + (int)Listener.TraceCollector, LocalPorts.Default, 32_767);

    [Fact]
    public async Task A_system_moves_aside_for_one_start_and_goes_back_with_its_data()
    {
        using var folder = new TestFolder("ports");
        var store = FreeBlock();
        string customer;
        using (Occupy(store))
        using (Occupy(store + (int)Listener.PostgreSql))
        {
            await using var local = Start(folder, store);
            var running = await local.RunningAsync();
            await local.SaysAsync($"Port {store} is taken: Store listens on {new Uri(running.Store).Port}");
            await local.SaysAsync($"Port {store + 5} is taken: PostgreSQL listens on {PostgresPort(running)}");
            Assert.Equal($"http://127.0.0.1:{store + 2}", running.Balance);
            using var game = new Game(running);
            customer = await game.NewAsync(coins: 700);
        }
        await using var again = Start(folder, store);
        var there = await again.RunningAsync();
        Assert.Equal($"http://127.0.0.1:{store}", there.Store);
        Assert.Equal(store + (int)Listener.PostgreSql, PostgresPort(there));
        using var seeing = new Game(there);
        Assert.Equal(700, await seeing.CoinsAsync(customer, Cancel));
    }

    private static LocalRun Start(TestFolder folder, int store) =>
        LocalRun.Start(folder.Path, "--in-memory-broker", "--port", store.ToString(CultureInfo.InvariantCulture));

    private static int PostgresPort(RunningSystem running) => new NpgsqlConnectionStringBuilder(running.Postgres).Port;

    private static TcpListener Occupy(int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        return listener;
    }

    /// <summary>
    /// As many ports in a row as a system takes; reserved for nobody, since the program itself is to reserve them.
    /// </summary>
    private static int FreeBlock()
    {
        while (true)
        {
            var first = First + (Random.Shared.Next(Blocks) * BlockPorts);
            if (Enumerable.Range(first, BlockPorts).All(IsFree)) return first;
        }
    }

    private static bool IsFree(int port)
    {
        try
        {
            using (Occupy(port)) return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
