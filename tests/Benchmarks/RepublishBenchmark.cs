using System.Diagnostics;
using Checkout.Chassis.WireFormat;
using Checkout.Registry;
using Checkout.Servers;

namespace Checkout.Benchmarks;

/// <summary>All topics are gone: how fast are they there again from the event stores?</summary>
internal static class RepublishBenchmark
{
    private const int SampledRecords = 10_000;
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(10);

    public static async Task<int> RunAsync(int events, bool onlyInMemory, CancellationToken cancel)
    {
        using var workspace = new Workspace();
        await using var postgres = await workspace.PostgresAsync(cancel);
        await using var registry = await DevelopmentRegistry.StartAsync(0);
        Owner[] owners = [Owner.Store, Owner.Balance, Owner.Inventory];
        var stores = await Task.WhenAll(owners.Select(owner => FilledStore.CreateAsync(postgres, owner, cancel)));
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(stores.Select(store => Task.Run(() => store.FillAsync(events, cancel), cancel)));
        Console.WriteLine(
            $"Three stores filled with {events:N0} events each in {clock.Elapsed.TotalSeconds:F0} s. {Machine.Now}");

        await using (var broker = InMemoryBroker.Start())
        {
            foreach (var store in stores)
                await broker.CreateTopicAsync(store.Owner.Topic, FilledStore.Partitions, cancel: cancel);
            await RepublishAsync(broker, registry.Url, postgres, stores, events, cancel);
        }
        if (onlyInMemory || KafkaHome.Find() is null)
        {
            Console.WriteLine("Left out: a real Kafka and its own limit, since KAFKA_HOME names none.");
            return 0;
        }
        await using var kafka = await workspace.BrokerAsync(inMemory: false, cancel);
        var republished = await RepublishAsync(kafka, registry.Url, postgres, stores, events, cancel);
        using var ends = new TopicEnds(kafka);
        var bytes = (int)ends.ReadAfter(Owner.Store.Topic, new long[FilledStore.Partitions], EventHeaders.Id,
            SampledRecords).Average(record => record.Bytes);
        await kafka.CreateTopicAsync("perf", FilledStore.Partitions, cancel: cancel);
        var limit = await ProducerPerf.RunAsync(kafka.Bootstrap, "perf", 3 * events, bytes, cancel);
        Console.WriteLine($"The broker's limit by kafka-producer-perf-test.sh, records of {bytes} bytes, acks=all, "
            + $"idempotent: {limit:N0} records/s. Republishing reached {republished / limit:P0} of it. {Machine.Now}");
        return 0;
    }

    private static async Task<double> RepublishAsync(
        Broker broker, string registryUrl, PostgresServer postgres, FilledStore[] stores, int events,
        CancellationToken cancel)
    {
        var healing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var sent = new CountdownEvent(stores.Length);
        using var ends = new TopicEnds(broker);
        await using var tailer = new TailerProcess(broker, registryUrl, stores, OnLine);
        await healing.Task.WaitAsync(Deadline, cancel);
        var clock = Stopwatch.StartNew();
        int[] processes = [tailer.Pid, postgres.Pid, (broker as KafkaServer)?.Pid ?? Environment.ProcessId];
        var before = processes.Select(Machine.CpuSeconds).ToArray();
        // Asking the broker costs it time, so it is asked only when everything is on its way.
        await Task.Run(() => sent.Wait(Deadline, cancel), cancel);
        foreach (var store in stores) await ends.UntilAsync(store.Owner.Topic, events, Deadline, cancel);
        var rate = stores.Length * events / clock.Elapsed.TotalSeconds;
        var micros = processes.Select((pid, i) =>
            1e6 * (Machine.CpuSeconds(pid) - before[i]) / (stores.Length * events)).ToArray();
        Console.WriteLine($"Republished to {broker.Name}: {stores.Length * events:N0} events in "
            + $"{clock.Elapsed.TotalSeconds:F1} s, {rate:N0} events/s. CPU per event: LogTailer {micros[0]:F1} µs, "
            + $"PostgreSQL {micros[1]:F1}, broker {micros[2]:F1}; LogTailer's memory "
            + $"{Machine.PeakMemoryMiB(tailer.Pid)} MiB. "
            + Machine.Now);
        return rate;

        void OnLine(string line)
        {
            if (line.Contains("is healing:", StringComparison.Ordinal)) healing.TrySetResult();
            else if (line.Contains("events from the store in", StringComparison.Ordinal)) sent.Signal();
        }
    }
}
