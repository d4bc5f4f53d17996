using System.Diagnostics;
using System.Globalization;
using Checkout.Chassis.Resilience;
using Checkout.Local;
using Dapper;
using Npgsql;

namespace Checkout.Faults;

/// <summary>
/// Plays a round's faults, each at its moment. A fault has been played when what it took away is being started again;
/// being well again is waited for elsewhere.
/// </summary>
internal sealed class FaultPlayer(FaultySystem system, Plan plan)
{
    private const int MaxDropAttempts = 500;
    private static readonly TimeSpan DropAgainAfter = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestUnasked = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromMilliseconds(50);

    private readonly KafkaFaults _kafka = new(system);
    private readonly DatabaseFaults _databases = new(system);

    public Task PlayAsync(CancellationToken stop) => Task.WhenAll(plan.Faults.Select(fault => PlayAsync(fault, stop)));

    private async Task PlayAsync(Fault fault, CancellationToken stop)
    {
        await Task.Delay(fault.At, stop);
        system.Say($"campaign: {fault} begins");
        await StrikeAsync(fault, stop);
        system.Say($"campaign: {fault} is over");
    }

    private Task StrikeAsync(Fault fault, CancellationToken stop) => fault.Kind switch
    {
        FaultKind.TailerKilled => KillTailerAsync(fault.Subject, active: true),
        FaultKind.StandbyKilled => KillTailerAsync(fault.Subject, active: false),
        FaultKind.TailersKilled => KillAsync(FaultySystem.Tailers.Select(name => system.Local[name])),
        FaultKind.TailerFrozen => FreezeTailerAsync(fault, stop),
        FaultKind.ServiceKilled => KillAsync([system[fault.Subject, fault.Instance]]),
        FaultKind.ServicePairKilled => KillAsync(system.Both(fault.Subject)),
        FaultKind.ServiceFrozen => FreezeAsync([system[fault.Subject, fault.Instance]], fault.Lasts, stop),
        FaultKind.ServicePairFrozen => FreezeAsync(system.Both(fault.Subject), fault.Lasts, stop),
        FaultKind.DatabaseCrashed =>
            AwayAsync(system.Postgres.KillAllAsync, system.Postgres.StartAgainAsync, fault.Lasts, stop),
        FaultKind.DatabaseRestarted =>
            AwayAsync(system.Postgres.StopAsync, system.Postgres.StartAgainAsync, fault.Lasts, stop),
        FaultKind.SlotDropped => DropSlotAsync(fault.Subject, stop),
        FaultKind.SlotDroppedUnheld => DropSlotUnheldAsync(fault, stop),
        FaultKind.DatabaseLost => _databases.LoseAsync(fault.Subject, stop),
        FaultKind.DatabaseRestored => _databases.RestoreAsync(fault.Subject, fault.Lasts, stop),
        FaultKind.BrokerKilled => AwayAsync(system.Kafka!.KillAsync, system.Kafka!.StartAgainAsync, fault.Lasts, stop),
        FaultKind.BrokerRestarted => RestartBrokerAsync(fault.Lasts, stop),
        FaultKind.BrokerFrozen => FreezeBrokerAsync(fault.Lasts, stop),
        FaultKind.TopicDeleted => _kafka.DeleteAsync([fault.Subject], stop),
        FaultKind.TopicsDeleted => _kafka.DeleteAllAsync(stop),
        FaultKind.RecordsDeleted => _kafka.DeleteRecordsAsync(fault.Subject, all: false, stop),
        FaultKind.TopicTruncated => _kafka.DeleteRecordsAsync(fault.Subject, all: true, stop),
        FaultKind.ClusterLost => LoseClusterAsync(fault.Lasts, stop),
        FaultKind.ClockShifted => ShiftClockAsync(fault, stop),
        FaultKind.RegistryLagging => WithRegistryAsync(RegistryMode.Lagging, fault, stop),
        FaultKind.RegistryFrozen => WithRegistryAsync(RegistryMode.Frozen, fault, stop),
        FaultKind.ForeignRecords => system.Foreign.WriteAsync(plan, fault.Subject, oversized: false, stop),
        FaultKind.OversizedRecords => system.Foreign.WriteAsync(plan, fault.Subject, oversized: true, stop),
        _ => throw new InvalidOperationException($"Nobody plays {fault.Kind}."),
    };

    /// <summary>One process of a service begins anew with another clock, and later with the right one.</summary>
    private async Task ShiftClockAsync(Fault fault, CancellationToken stop)
    {
        var service = system[fault.Subject, fault.Instance];
        await StartWithAsync(service,
            new() { [ShiftedTime.Variable] = fault.Shift.ToString("c", CultureInfo.InvariantCulture) });
        try
        {
            await Task.Delay(fault.Lasts, stop);
        }
        finally
        {
            await StartWithAsync(service, []);
        }
    }

    private static async Task StartWithAsync(Supervised service, Dictionary<string, string?> environment)
    {
        await service.KillForGoodAsync();
        service.More = environment;
        await service.StartAsync();
    }

    /// <summary>Whoever knows the schemas asks for none, so a service and the tailers begin anew meanwhile.</summary>
    private async Task WithRegistryAsync(RegistryMode mode, Fault fault, CancellationToken stop)
    {
        var before = system.Registry.Refused;
        system.Registry.Mode = mode;
        try
        {
            await KillAsync(
                [.. system.Both(fault.Subject), .. FaultySystem.Tailers.Select(name => system.Local[name])]);
            await Task.Delay(fault.Lasts, stop);
            // A registry that nobody asked was no fault; but what was killed may have nothing to do.
            for (var clock = Stopwatch.StartNew(); system.Registry.Refused == before && clock.Elapsed < LongestUnasked;)
                await Task.Delay(LookAgainAfter, stop);
            system.Say($"campaign: the registry refused {system.Registry.Refused - before} questions");
        }
        finally
        {
            system.Registry.Mode = RegistryMode.Well;
        }
    }

    /// <summary>deploy/Local starts again what dies.</summary>
    private static Task KillAsync(IEnumerable<Supervised> processes)
    {
        foreach (var process in processes) process.Kill();
        return Task.CompletedTask;
    }

    private async Task KillTailerAsync(string store, bool active) =>
        await KillAsync([await TailerAsync(store, active)]);

    /// <summary>Where none says it is active, as after another fault, the first is taken for it.</summary>
    private async Task<Supervised> TailerAsync(string store, bool active)
    {
        var publishes = await system.ActiveTailerAsync(store) ?? system.Local[FaultySystem.Tailers[0]];
        return active
            ? publishes : FaultySystem.Tailers.Select(name => system.Local[name]).First(tailer => tailer != publishes);
    }

    private async Task FreezeTailerAsync(Fault fault, CancellationToken stop) =>
        await FreezeAsync([await TailerAsync(fault.Subject, active: true)], fault.Lasts, stop);

    private async Task FreezeAsync(IReadOnlyList<Supervised> processes, TimeSpan lasts, CancellationToken stop)
    {
        system.Say($"campaign: {string.Join(", ", processes.Select(p => p.Name))} frozen");
        foreach (var process in processes) process.Signal("STOP");
        try
        {
            await Task.Delay(lasts, stop);
        }
        finally
        {
            foreach (var process in processes) process.Signal("CONT");
        }
    }

    private static async Task AwayAsync(Func<Task<int>> end, Func<CancellationToken, Task> startAgain, TimeSpan lasts,
        CancellationToken stop)
    {
        await end();
        await Task.Delay(lasts, stop);
        await startAgain(stop);
    }

    private async Task RestartBrokerAsync(TimeSpan lasts, CancellationToken stop)
    {
        if (system.InMemory is not { } inMemory)
        {
            await AwayAsync(system.Kafka!.StopAsync, system.Kafka!.StartAgainAsync, lasts, stop);
            return;
        }
        inMemory.SetDown();
        await Task.Delay(lasts, stop);
        inMemory.SetUp();
    }

    private async Task FreezeBrokerAsync(TimeSpan lasts, CancellationToken stop)
    {
        system.Kafka!.Signal("STOP");
        try
        {
            await Task.Delay(lasts, stop);
        }
        finally
        {
            system.Kafka.Signal("CONT");
        }
    }

    private async Task LoseClusterAsync(TimeSpan lasts, CancellationToken stop)
    {
        await system.Kafka!.KillAsync();
        system.Kafka.LoseData();
        await Task.Delay(lasts, stop);
        await system.Kafka.StartAgainAsync(stop);
        await _kafka.MakeRewardsAsync(stop);
    }

    private async Task DropSlotUnheldAsync(Fault fault, CancellationToken stop)
    {
        var tailers = FaultySystem.Tailers.Select(name => system.Local[name]).ToList();
        await Task.WhenAll(tailers.Select(tailer => tailer.KillForGoodAsync()));
        await DropSlotAsync(fault.Subject, stop);
        await Task.Delay(fault.Lasts, stop);
        await Task.WhenAll(tailers.Select(tailer => tailer.StartAsync()));
    }

    /// <summary>Ends the process that serves the slot, and drops it before a tailer is there again.</summary>
    private async Task DropSlotAsync(string database, CancellationToken stop)
    {
        await using var connection = await system.OpenAsync(database, stop);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await connection.ExecuteAsync("""
                    SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots
                        WHERE database = current_database() AND active_pid IS NOT NULL;
                    SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
                        WHERE database = current_database();
                    """);
                return;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.ObjectInUse && attempt < MaxDropAttempts)
            {
                await Task.Delay(DropAgainAfter, stop);
            }
        }
    }
}
