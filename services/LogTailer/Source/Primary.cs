using System.Globalization;
using Checkout.Chassis.EventStore;
using Npgsql;

namespace Checkout.LogTailer.Source;

/// <summary>The server that a session talks to.</summary>
/// <param name="ConnectionString">For a replication connection, which is none of the pool's.</param>
public sealed record Server(NpgsqlDataSource Source, string ConnectionString);

/// <summary>
/// The servers of a store: one, or the hosts between which a cluster moves its primary. Npgsql replicates from a single
/// host only, and a slot made on a standby is of no use, so the primary is found before anything is made.
/// </summary>
public sealed class Primary : IAsyncDisposable
{
    /// <summary>A host that does not answer must not hold up the take-over by another.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(2);

    /// <summary>What chooses between hosts. Npgsql refuses it for one alone.</summary>
    private static readonly string[] Choices =
        ["Target Session Attributes", "Load Balance Hosts", "Host Recheck Seconds"];

    private readonly List<(string Host, Server Server)> _servers;

    /// <param name="connectionString">May name several hosts, as Npgsql takes them: a:5432,b:5432.</param>
    public Primary(string connectionString) => _servers = [.. ConnectionStrings(connectionString)
        .Select(one => (one.Host, new Server(NpgsqlDataSource.Create(one.Text), one.Text)))];

    /// <summary>A connection string for each host that this one names.</summary>
    public static IEnumerable<(string Host, string Text)> ConnectionStrings(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        foreach (var choice in Choices) settings.Remove(choice);
        foreach (var host in (settings.Host ?? "").Split(',', StringSplitOptions.TrimEntries))
        {
            var alone = new NpgsqlConnectionStringBuilder(settings.ConnectionString);
            (alone.Host, alone.Port) = Parts(host, settings.Port);
            yield return ($"{alone.Host}:{alone.Port}", alone.ConnectionString);
        }
    }

    /// <summary>The server that takes writes; where two say so, the one that was promoted later.</summary>
    /// <exception cref="NpgsqlException">None does: the message says what each answered.</exception>
    /// <exception cref="PostgresException">One refuses a session's own settings.</exception>
    public async Task<Server> FindAsync(CancellationToken stop)
    {
        var answers = await Task.WhenAll(_servers.Select(one => AskAsync(one.Host, one.Server, stop)));
        stop.ThrowIfCancellationRequested();
        return answers.Where(answer => answer.Timeline is not null).MaxBy(answer => answer.Timeline)?.Server
            ?? throw new NpgsqlException(string.Join("; ", answers.Select(answer => answer.Trouble)));
    }

    private static async Task<Answer> AskAsync(string host, Server server, CancellationToken stop)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(stop);
        timeout.CancelAfter(AnswerTimeout);
        try
        {
            // A log file's name begins with the timeline, which each promotion raises.
            await using var command = server.Source.CreateCommand("""
                SELECT CASE WHEN NOT pg_is_in_recovery()
                       THEN ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END
                """);
            return await command.ExecuteScalarAsync(timeout.Token) is int timeline
                ? new(server, timeline, "")
                : new(server, null, $"{host} is a standby: name the primary, or all servers of its cluster, as Host");
        }
        catch (NpgsqlException e) when (e is not PostgresException refusal || !Database.RefusesSessions(refusal))
        {
            return new(server, null, e.Message);
        }
        catch (OperationCanceledException)
        {
            return new(server, null, $"{host} did not answer within {AnswerTimeout.TotalSeconds} s");
        }
    }

    private static (string Host, int Port) Parts(string host, int port)
    {
        // A path is a socket's folder.
        var colon = host.StartsWith('/') ? -1 : host.LastIndexOf(':');
        var isPort = colon > 0 && (host.IndexOf(':', StringComparison.Ordinal) == colon || host[colon - 1] == ']');
        return isPort && int.TryParse(host.AsSpan(colon + 1), CultureInfo.InvariantCulture, out var own)
            ? (host[..colon], own) : (host, port);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (_, server) in _servers) await server.Source.DisposeAsync();
    }

    private sealed record Answer(Server Server, int? Timeline, string Trouble);
}
