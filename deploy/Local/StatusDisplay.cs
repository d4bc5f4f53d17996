using Checkout.Chassis.Identity;
using Dapper;
using Npgsql;
using Spectre.Console;

namespace Checkout.Local;

/// <summary>
/// Shows how the system is: a table that stays in its place on a terminal, plain lines when something changes
/// elsewhere.
/// </summary>
internal abstract class StatusDisplay
{
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(1);

    public static StatusDisplay ForThisTerminal() => Console.IsOutputRedirected ? new Lines() : new Table();

    public abstract void Say(string sentence);

    public static void Started(LocalSystem system)
    {
        var a = system.Addresses;
        Console.WriteLine();
        Console.WriteLine($"The shop   {a.Store}/    for a browser: sign in as anybody, and claim an avatar");
        Console.WriteLine($"Store      {a.Store}    POST and GET /checkouts, GET /checkouts/{{id}} and .../events, "
            + "GET /packages");
        Console.WriteLine($"Balance    {a.Balance}    GET /balances/{{customerId}}");
        Console.WriteLine($"Inventory  {a.Inventory}    GET /customers/{{customerId}}/avatars, GET /stock");
        Console.WriteLine($"LogTailer  {a.Tailer}    /health/ready, as on every process, and /metrics");
        if (a.Observer is not null)
            Console.WriteLine($"Observer   {a.Observer}/    for operators: what is where, stuck and wrong");
        Console.WriteLine($"Kafka      {a.BootstrapServers}    {a.BrokerName}");
        Console.WriteLine($"Registry   {a.SchemaRegistry}");
        Console.WriteLine(
            $"PostgreSQL 127.0.0.1:{system.Postgres.Port}    user postgres; databases store, balance, inventory"
                + (a.Observer is null ? "" : ", observer"));
        if (a.Traces is { } traces)
            Console.WriteLine(traces.LinkTo("") is not null
                ? $"Traces     {traces.Url}/    Jaeger; a checkout's is at {traces.LinkTo("{its traceId}")}"
                : "Traces     dotnet run --project deploy/Local -- trace {the checkoutId, or its traceId}");
        Console.WriteLine($"Logs       {Path.GetDirectoryName(system.Processes[0].LogFile)}");
        Console.WriteLine();
        Console.WriteLine($$"""
            A token of player-1, for 24 hours (another's: dotnet run --project deploy/Local -- token player-2):
            TOKEN={{system.Tokens.For("player-1", DateTime.UtcNow)}}
            A token of support, for the Observer:
            SUPPORT={{system.Tokens.For("sre-1", DateTime.UtcNow, Scopes.Support)}}
            Buy a Gorilla:  curl -i {{a.Store}}/checkouts -H "Authorization: Bearer $TOKEN" \
                                 -H 'Idempotency-Key: "first"' \
                                 -H 'Content-Type: application/json' -d '{"sku":"gorilla"}'
            See its events: dotnet run --project deploy/Local -- events {the checkoutId it answers}
            See it all:     dotnet run --project deploy/Local -- demo
            Ctrl+C stops everything; the data is kept.

            """);
    }

    /// <summary>
    /// Ends only by cancellation, or with a sentence when a server that everything stands on has died.
    /// </summary>
    public abstract Task ShowAsync(LocalSystem system, CancellationToken stop);

    private static async Task WaitAsync(LocalSystem system, CancellationToken stop)
    {
        if (system.Postgres.Exited.IsCompleted)
        {
            throw new Servers.ServerFailedException(
                $"PostgreSQL ended; its log is {system.Postgres.LogFile}. Start again: what was committed is there.");
        }
        if (system.Broker is Servers.KafkaServer { Exited.IsCompleted: true } kafka)
        {
            throw new Servers.ServerFailedException(
                $"Kafka ended; its log is {kafka.LogFile}. Start again: nothing is lost.");
        }
        await Task.Delay(Refresh, stop);
    }

    /// <summary>Events in a service's store, and how many it parked.</summary>
    private static async Task<(long Events, long Parked)?> CountAsync(
        LocalSystem system, string database, CancellationToken stop)
    {
        try
        {
            await using var connection = new NpgsqlConnection(system.Postgres.ConnectionString(database));
            return await connection.QuerySingleAsync<(long, long)>(
                new CommandDefinition(
                    "SELECT position, (SELECT count(*) FROM parked) FROM head", cancellationToken: stop));
        }
        catch (NpgsqlException)
        {
            return null;
        }
    }

    private sealed class Lines : StatusDisplay
    {
        public override void Say(string sentence) => Console.WriteLine(sentence);

        public override async Task ShowAsync(LocalSystem system, CancellationToken stop)
        {
            var shown = new Dictionary<string, (ProcessState, int?)>();
            var counts = new CheckoutCounts(system.Postgres.ConnectionString("store"));
            var checkouts = "";
            while (true)
            {
                foreach (var process in system.Processes)
                {
                    var (state, pid) = (process.State, process.Pid);
                    if (shown.GetValueOrDefault(process.Name) == (state, pid)) continue;
                    shown[process.Name] = (state, pid);
                    Console.WriteLine($"{process.Name}: {state}{(pid is null ? "" : $", process {pid}")}");
                }
                if (await counts.NowAsync(stop) is var now && now != checkouts) Console.WriteLine(checkouts = now);
                await WaitAsync(system, stop);
            }
        }
    }

    private sealed class Table : StatusDisplay
    {
        private const int RememberedSentences = 5;
        private readonly Queue<string> _said = new();
        private bool _live;

        public override void Say(string sentence)
        {
            if (!_live) Console.WriteLine(sentence);
            lock (_said)
            {
                _said.Enqueue($"{DateTime.Now:HH:mm:ss} {sentence}");
                if (_said.Count > RememberedSentences) _said.Dequeue();
            }
        }

        public override async Task ShowAsync(LocalSystem system, CancellationToken stop)
        {
            lock (_said) _said.Clear();
            _live = true;
            var checkouts = new CheckoutCounts(system.Postgres.ConnectionString("store"));
            await AnsiConsole.Live(new Spectre.Console.Table()).StartAsync(async live =>
            {
                while (true)
                {
                    live.UpdateTarget(await RenderAsync(system, checkouts, stop));
                    await WaitAsync(system, stop);
                }
            });
        }

        private async Task<Rows> RenderAsync(LocalSystem system, CheckoutCounts checkouts, CancellationToken stop)
        {
            var table = new Spectre.Console.Table()
                .AddColumns("process", "state", "pid", "restarts", "events", "parked");
            foreach (var process in system.Processes)
            {
                var counts = process.Name is "store" or "balance" or "inventory"
                    ? await CountAsync(system, process.Name, stop)
                    : null;
                table.AddRow(
                    process.Name, Coloured(process.State), $"{process.Pid}", $"{process.Restarts}", $"{counts?.Events}",
                    counts?.Parked > 0 ? $"[red]{counts?.Parked}[/]" : $"{counts?.Parked}");
            }
            List<Spectre.Console.Rendering.IRenderable> rows = [table, new Text(await checkouts.NowAsync(stop))];
            lock (_said) rows.AddRange(_said.Select(sentence => new Text(sentence)));
            return new Rows(rows);
        }

        private static string Coloured(ProcessState state) => state switch
        {
            ProcessState.Ready => "[green]ready[/]",
            ProcessState.Starting => "[yellow]starting[/]",
            ProcessState.Down => "[red]down[/]",
            _ => "[grey]stopped[/]",
        };
    }
}
