using System.CommandLine;
using System.Diagnostics;
using Checkout.Chassis.Registry;
using Checkout.LogTailer.Sink;
using Checkout.LogTailer.Source;
using Confluent.Kafka;
using Npgsql;

namespace Checkout.LogTailer.Verifying;

/// <summary>
/// `verify`: proves that stores and topics hold the same events, or names the first difference of each.
/// </summary>
internal static class VerifyCommand
{
    private const int Same = 0, Different = 1, NotVerified = 2;
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(2);

    public static Task<int> RunAsync(string[] args, TailerOptions options)
    {
        var store = new Option<string?>("--store")
        {
            Description = "Only this store, by its name in the settings; by default all, at once."
        };
        var patience = new Option<int>("--patience")
        {
            Description = "Seconds without any record after which an "
            + "event beyond a partition's end counts as missing.",
            DefaultValueFactory = _ => 30
        };
        var command = new Command("verify", "Compares every event of the stores with the topics, byte for byte, "
            + "while everything runs. Exit code 0: the same; 1: a difference; 2: not verified.") { store, patience };
        command.SetAction((result, stop) =>
            VerifyAsync(options, result.GetValue(store), TimeSpan.FromSeconds(result.GetValue(patience)), stop));
        var root = new RootCommand("Without a command it publishes. Settings come from appsettings.json and the "
            + "environment, for the command too.") { command };
        return root.Parse(args).InvokeAsync();
    }

    private static async Task<int> VerifyAsync(TailerOptions options, string? only, TimeSpan patience,
        CancellationToken stop)
    {
        var stores = options.Stores.Where(s => only is null || s.Name.Equals(only, StringComparison.OrdinalIgnoreCase))
            .ToList();
        if (stores.Count == 0)
        {
            await Console.Error.WriteLineAsync($"No store is named {only}: the settings name "
                + $"{string.Join(", ", options.Stores.Select(s => s.Name))}.");
            return NotVerified;
        }
        return (await Task.WhenAll(stores.Select(store => VerifyAsync(store, options, patience, stop)))).Max();
    }

    private static async Task<int> VerifyAsync(StoreOptions store, TailerOptions options, TimeSpan patience,
        CancellationToken stop)
    {
        await using var servers = new Primary(store.Connection());
        var kafka = new KafkaClients(
            options.Kafka, store.Name, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        try
        {
            var database = new StoreDatabase((await servers.FindAsync(stop)).Source);
            var verification = new Verification(
                store.Name, database, kafka, new SchemaRegistry(options.Registry), patience);
            var verdict = await verification.RunAsync(Progress(store.Name), stop);
            Console.WriteLine(verdict);
            return verdict.Difference is null ? Same : Different;
        }
        catch (Exception e)
            when (e is NpgsqlException or KafkaException or RegistryUnavailableException or SchemaRefusedException
                or InvalidOperationException)
        {
            await Console.Error.WriteLineAsync($"{store.Name} could not be verified: {e.Message}");
            return NotVerified;
        }
    }

    private static Action<long, long> Progress(string store)
    {
        var clock = Stopwatch.StartNew();
        return (compared, total) =>
        {
            if (clock.Elapsed < ProgressInterval) return;
            clock.Restart();
            Console.WriteLine($"{store}: {compared} of {total} events compared");
        };
    }
}
