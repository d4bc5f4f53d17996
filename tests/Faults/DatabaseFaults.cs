using System.Diagnostics;
using Checkout.Contracts;
using Checkout.Local;
using Checkout.Servers;
using Dapper;
using Npgsql;

namespace Checkout.Faults;

/// <summary>
/// A service's database is gone, or is a backup again, under load; and then an operator does what the runbook says
/// (docs/operating.md, "A lost or old database").
/// </summary>
internal sealed class DatabaseFaults(FaultySystem system)
{
    private const string Behind = "is behind its topic";
    private const string Named = "refill --who NAME --why TEXT";

    /// <summary>Until then what processes say may be of before.</summary>
    private static readonly TimeSpan Noticed = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromMilliseconds(500);
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(2) };

    /// <summary>Dropped, and made anew with nothing in it.</summary>
    public async Task LoseAsync(string service, CancellationToken stop)
    {
        await ReplaceAsync(service, $"CREATE DATABASE {service} OWNER {service}", stop);
        await BringBackAsync(service, stop);
    }

    /// <param name="older">By so much the backup that takes its place is older.</param>
    public async Task RestoreAsync(string service, TimeSpan older, CancellationToken stop)
    {
        await using (var admin = await AdminAsync(stop))
            await AloneAsync(admin, service,
                () => admin.ExecuteAsync($"CREATE DATABASE {service}_backup TEMPLATE {service} OWNER {service}"), stop);
        system.Say($"campaign: {service} is backed up");
        await Task.Delay(older, stop);
        await ReplaceAsync(service, $"ALTER DATABASE {service}_backup RENAME TO {service}", stop);
        await BringBackAsync(service, stop);
    }

    private async Task ReplaceAsync(string service, string with, CancellationToken stop)
    {
        await using var admin = await AdminAsync(stop);
        // A post that was accepted and not published is nowhere else; what others lose is answered anew.
        if (service == "store") await admin.ExecuteAsync($"ALTER ROLE {service} NOLOGIN");
        try
        {
            if (service == "store") await UntilPublishedAsync(admin, service, stop);
            await AloneAsync(admin, service, async () =>
            {
                await admin.ExecuteAsync("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                    + "WHERE database = @service", new { service });
                await admin.ExecuteAsync($"DROP DATABASE {service}");
                await admin.ExecuteAsync(with);
            }, stop);
        }
        finally
        {
            if (service == "store") await admin.ExecuteAsync($"ALTER ROLE {service} LOGIN");
        }
        system.Say($"campaign: {service} has another database");
    }

    /// <summary>The service is kept out meanwhile, and its tailers are not.</summary>
    private static async Task UntilPublishedAsync(NpgsqlConnection admin, string service, CancellationToken stop)
    {
        await EndSessionsAsync(admin, service, $"usename = '{service}'", stop);
        var end = await admin.ExecuteScalarAsync<string>("SELECT pg_current_wal_insert_lsn()::text");
        await Waiting.UntilAsync($"{service} is published", async () => await admin.ExecuteScalarAsync<string?>(
            """
            SELECT format('the slot is at %s, and the log at %s', max(confirmed_flush_lsn), @end)
            FROM pg_replication_slots WHERE database = @service
            HAVING max(confirmed_flush_lsn) IS NULL OR max(confirmed_flush_lsn) < @end::pg_lsn
            """, new { service, end }), stop);
    }

    /// <summary>Nobody else gets in meanwhile.</summary>
    private static async Task AloneAsync(NpgsqlConnection admin, string service, Func<Task> change,
        CancellationToken stop)
    {
        await admin.ExecuteAsync($"ALTER DATABASE {service} ALLOW_CONNECTIONS false");
        try
        {
            await EndSessionsAsync(admin, service, "true", stop);
            await Waiting.UntilAsync($"{service}'s slot is free", () => admin.ExecuteScalarAsync<string?>(
                "SELECT string_agg(slot_name, ', ') FROM pg_replication_slots WHERE database = @service AND active",
                new { service }), stop);
            await change();
        }
        finally
        {
            await admin.ExecuteAsync($"ALTER DATABASE {service} ALLOW_CONNECTIONS true");
        }
    }

    private static Task EndSessionsAsync(NpgsqlConnection admin, string service, string whose,
        CancellationToken stop) => Waiting.UntilAsync($"nobody is in {service}", async () =>
        {
            await admin.ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                + $"WHERE datname = @service AND {whose}", new { service });
            return await admin.ExecuteScalarAsync<string?>("SELECT string_agg(application_name, ', ') "
                + $"FROM pg_stat_activity WHERE datname = @service AND {whose}", new { service });
        }, stop);

    /// <summary>The service and its tailer say what to do, and that is done.</summary>
    private async Task BringBackAsync(string service, CancellationToken stop)
    {
        var clock = Stopwatch.StartNew();
        await Waiting.UntilAsync($"{service} and its tailer say that it is behind its topic", async () =>
        {
            // Nothing was published since the backup, where all are well: then there is nothing to do.
            if (clock.Elapsed > Noticed && await system.NotWellAsync() is null) return null;
            var ofService = await Task.WhenAll(system.Both(service).Select(SaidAsync));
            if (!ofService.Any(said => said.Contains(Behind))) return $"{service} says: {string.Join(' ', ofService)}";
            var ofTailers = await Task.WhenAll(FaultySystem.Tailers.Select(name => SaidAsync(system.Local[name])));
            return ofTailers.Any(said => said.Contains($"Topic {TopicOf(service)} ") && said.Contains(Named)) ? null
                : $"the tailers say: {string.Join(' ', ofTailers)}";
        }, stop);
        await RefillAsync(service, stop);
        await ListedAsync(service, stop);
    }

    /// <summary>Again where it could not be done, as its sentence says.</summary>
    private Task RefillAsync(string service, CancellationToken stop) =>
        Waiting.UntilAsync($"{service} is refilled", async () =>
        {
            var (code, said) = await RunAsync(service, ["refill", "--who", "campaign", "--why", "its database is gone"],
                stop);
            system.Say($"campaign: refill of {service}, exit code {code}: {said.ReplaceLineEndings(" ")}");
            if (code == 0) return null;
            await Task.Delay(TryAgainAfter, stop);
            return said;
        }, stop);

    /// <summary>What was set aside can be seen.</summary>
    private async Task ListedAsync(string service, CancellationToken stop)
    {
        await using var connection = await system.OpenAsync(service, stop);
        var aside = (await connection.QueryAsync<Guid>("SELECT event_id FROM set_aside")).ToList();
        if (aside.Count == 0) return;
        var (code, said) = await RunAsync(service, ["set-aside"], stop);
        if (code != 0 || aside.FirstOrDefault(id => !said.Contains($"{id}")) is var missing && missing != default)
            throw new ViolationException($"set-aside of {service} ended with {code} and does not list all of "
                + $"{aside.Count} events that are set aside: {said}");
    }

    private async Task<(int Code, string Said)> RunAsync(string service, string[] arguments, CancellationToken stop)
    {
        var dll = Layout.ServiceDll(char.ToUpperInvariant(service[0]) + service[1..]);
        var log = Path.Combine(system.Folder, $"{service}-{arguments[0]}.out");
        File.Delete(log);
        await using var command = ChildProcess.Start(new()
        {
            Program = Layout.Dotnet,
            Arguments = [dll, .. arguments],
            WorkingDirectory = Path.GetDirectoryName(dll),
            Environment = system.Local.OwnerEnvironment(service),
            LogFile = log,
        });
        return (await command.Exited.WaitAsync(stop), command.LastLines(int.MaxValue));
    }

    private static async Task<string> SaidAsync(Supervised process)
    {
        try
        {
            using var answer = await Http.GetAsync($"{process.Url}/health/ready");
            return await answer.Content.ReadAsStringAsync();
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return $"({process.Name}: {e.Message})";
        }
    }

    private Task<NpgsqlConnection> AdminAsync(CancellationToken stop) => system.OpenAsync("postgres", stop);

    private static string TopicOf(string service) => service switch
    {
        "store" => Topics.StoreCheckouts,
        "balance" => Topics.BalanceAccounts,
        _ => Topics.InventoryAvatars,
    };
}
