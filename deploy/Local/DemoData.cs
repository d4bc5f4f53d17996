using Checkout.Servers;
using Npgsql;

namespace Checkout.Local;

/// <summary>The talk's catalogue and customer, given once, by the services' own operator commands.</summary>
internal static class DemoData
{
    public static async Task GiveAsync(LocalSystem system, Action<string> say, CancellationToken cancellation)
    {
        (string Database, string Project, string Command, string File)[] given =
        [
            ("store", "Store", "list-packages", "packages.json"),
            ("inventory", "Inventory", "add-stock", "stock.json"),
            ("balance", "Balance", "credit", "customers.json"),
        ];
        await Task.WhenAll(given.Select(async g =>
        {
            if (!await IsEmptyAsync(system, g.Database, cancellation)) return;
            await RunAsync(system, g.Database, g.Project, [g.Command, Layout.DemoFile(g.File)], cancellation);
            say($"Gave {g.Database} the demo's {Path.GetFileNameWithoutExtension(g.File)}");
        }));
    }

    /// <summary>Runs a command of a service to its end, with the service's own settings.</summary>
    public static async Task RunAsync(
        LocalSystem system, string database, string project, string[] arguments, CancellationToken cancellation) =>
        await RunAsync(project, arguments, system.ServiceEnvironment(database, $"{database}-command"), cancellation);

    public static async Task RunAsync(
        string project, string[] arguments, IReadOnlyDictionary<string, string?> environment,
        CancellationToken cancellation)
    {
        var dll = Layout.ServiceDll(project);
        await using var command = ChildProcess.Start(new()
        {
            Program = Layout.Dotnet,
            Arguments = [dll, .. arguments],
            WorkingDirectory = Path.GetDirectoryName(dll),
            Environment = environment,
        });
        if (await command.Exited.WaitAsync(cancellation) is var exitCode and not 0)
            throw new ServerFailedException(
                $"{project} {string.Join(' ', arguments)} ended with exit code {exitCode}: {command.LastLines()}");
    }

    private static async Task<bool> IsEmptyAsync(LocalSystem system, string database, CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(system.Postgres.ConnectionString(database));
        await connection.OpenAsync(cancellation);
        await using var command = new NpgsqlCommand("SELECT position = 0 FROM head", connection);
        return await command.ExecuteScalarAsync(cancellation) is true;
    }
}
