using System.Text.RegularExpressions;
using Checkout.EndToEnd.Http;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Checkout.Local;
using Checkout.Servers;
using Npgsql;
using Xunit;

namespace Checkout.EndToEnd.Monitoring;

/// <summary>The commands of docs/runbooks, run as they stand there against a running system.</summary>
[Collection(SharedSystem.Collection)]
public sealed partial class RunbookTests(SharedSystem shared)
{
    private readonly TestSystem _system = shared.System;

    private static string Folder => Path.Combine(Layout.Root, "docs", "runbooks");

    public static TheoryData<string> Runbooks => [.. Directory.GetFiles(Folder, "*.md")
        .Select(file => Path.GetFileNameWithoutExtension(file)).Where(name => name != "README").Order()];

    [Theory]
    [MemberData(nameof(Runbooks))]
    public async Task Its_commands_do_what_they_say(string runbook)
    {
        await AssertHealthyAsync();
        var text = await File.ReadAllTextAsync(Path.Combine(Folder, $"{runbook}.md"),
            TestContext.Current.CancellationToken);
        var commands = Commands().Matches(text).Select(match => match.Groups[1].Value).ToList();
        foreach (var command in commands)
        {
            var (code, said) = await RunAsync(command);
            Assert.True(code == 0, $"{command}\nended with {code} and said:\n{said}");
        }
    }

    [Fact]
    public async Task A_command_that_fails_is_noticed()
    {
        Assert.NotEqual(0, (await RunAsync("get $STORE/no-such-thing")).Code);
        Assert.NotEqual(0, (await RunAsync("sql store 'SELECT nothing'\ntrue")).Code);
        Assert.NotEqual(0, (await RunAsync("service balance no-such-command")).Code);
    }

    /// <summary>Others used the system before.</summary>
    private async Task AssertHealthyAsync()
    {
        foreach (var process in _system.Local.Processes)
            await Eventually.Until(async () => (await Answer.GetAsync($"{process.Url}/health/ready")).Json
                .GetProperty("status").GetString() == "Healthy", $"{process.Name} is healthy");
    }

    private async Task<(int Code, string Said)> RunAsync(string command)
    {
        var postgres = new NpgsqlConnectionStringBuilder(_system.Local.Postgres.ConnectionString());
        await using var child = ChildProcess.Start(new()
        {
            Program = "bash",
            Arguments = ["-euo", "pipefail", "-c", Prelude() + command],
            Environment = new Dictionary<string, string?>
            {
                ["STORE"] = _system.Addresses.Store,
                ["BALANCE"] = _system.Addresses.Balance,
                ["INVENTORY"] = _system.Addresses.Inventory,
                ["LOGTAILER"] = _system.Addresses.Tailer,
                ["OBSERVER"] = _system.Addresses.Observer,
                ["TOKEN"] = Answer.TokenOf(_system.Addresses.Store, "agent-1", "support"),
                ["USER"] = "agent-1",
                ["PGHOST"] = postgres.Host,
                ["PGPORT"] = $"{postgres.Port}",
                ["PGUSER"] = postgres.Username,
            },
        });
        var code = await child.Exited.WaitAsync(TestContext.Current.CancellationToken);
        return (code, child.LastLines(30));
    }

    /// <summary>What docs/runbooks/README.md has its reader set.</summary>
    private string Prelude()
    {
        var services = new[] { "store", "balance", "inventory" }.Select(service =>
        {
            var settings = _system.Local.ServiceEnvironment(service, $"{service}-command")
                .Where(setting => setting.Value is not null)
                .Select(setting => $"'{setting.Key}={setting.Value!.Replace("'", "'\\''", StringComparison.Ordinal)}'");
            var dll = Layout.ServiceDll(char.ToUpperInvariant(service[0]) + service[1..]);
            return $"{service}) shift; cd '{Path.GetDirectoryName(dll)}'; "
                + $"env {string.Join(' ', settings)} '{Layout.Dotnet}' '{dll}' \"$@\" ;;";
        });
        return $$"""
            get() { curl -fsS -H "Authorization: Bearer $TOKEN" "$@"; }
            sql() { psql -X -d "$1" -c "$2"; }
            service() (
            case $1 in
            {{string.Join('\n', services)}}
            *) exit 64 ;;
            esac)

            """;
    }

    [GeneratedRegex("^```sh\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Commands();
}
