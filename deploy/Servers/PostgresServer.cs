using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Checkout.Servers;

/// <summary>
/// The machine's own PostgreSQL, run with a data folder of ours on 127.0.0.1, prepared for logical replication.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    public const string Superuser = "postgres";

    // A killed postmaster's backends notice its death within moments; until then they hold its shared memory, and a new
    // one refuses to start.
    private const string PredecessorsBackends = "pre-existing shared memory block";
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly PostgresSettings _settings;
    private readonly PostgresFolder _folder;
    private ChildProcess _process = null!;
    private bool _isPrepared;

    private PostgresServer(PostgresSettings settings, PostgresFolder folder)
    {
        _settings = settings;
        _folder = folder;
        Port = settings.Port ?? Ports.Free();
        LogFile = settings.LogFile ?? folder.Path.TrimEnd('/') + ".log";
    }

    public int Port { get; }

    /// <summary>
    /// The folder the data is in: the wanted one, or another if its user can't reach that; then <see cref="Note"/> says
    /// so.
    /// </summary>
    public string DataDirectory => _folder.Path;

    public string? Note => _folder.Note;

    public string LogFile { get; }

    public int Pid => _process.Pid;

    /// <summary>Ends when the server has ended, for whatever reason.</summary>
    public Task<int> Exited => _process.Exited;

    /// <summary>
    /// Finds PostgreSQL, or installs it where it may (root on a system with apt-get), or says in one sentence what to
    /// do.
    /// </summary>
    public static Task EnsureInstalledAsync(bool mayInstall, Action<string> say, CancellationToken cancel = default) =>
        PostgresBinaries.EnsureInstalledAsync(mayInstall, say, cancel);

    /// <summary>The folder that a server takes for this wanted one; it is made if it is not there.</summary>
    public static string DataDirectoryFor(string wanted) => PostgresFolder.For(wanted).Path;

    /// <summary>Starts the server, on an empty folder after initdb, and returns when it takes connections.</summary>
    public static async Task<PostgresServer> StartAsync(PostgresSettings settings, CancellationToken cancel = default)
    {
        var folder = PostgresFolder.For(settings.DataDirectory);
        if (folder.IsEmpty)
        {
            var binaries = PostgresBinaries.Folder;
            await PreparedFolder.FillAsync(folder.Path,
                PreparedFolder.PathFor("postgres", binaries, PostgresBinaries.Version(binaries), folder.User ?? ""),
                () => InitializeAsync(binaries, folder, settings, cancel), cancel);
        }
        var server = new PostgresServer(settings, folder);
        await server.StartAgainAsync(cancel);
        return server;
    }

    /// <summary>
    /// Starts it on its data and its port, after it was stopped or has died; returns when it takes connections.
    /// </summary>
    public async Task StartAgainAsync(CancellationToken cancel = default)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            await _folder.ClearLockFileAsync(cancel);
            if (!await IsPreparedAsync(clock, cancel)) continue;
            _process = ChildProcess.Start(Command(PostgresBinaries.For(_folder), _folder, _settings, Port, LogFile));
            if (await AnswersAsync(_settings.StartDeadline - clock.Elapsed, cancel)) return;
            var said = _process.LastLines();
            await _process.DisposeAsync();
            if (said.Contains(PredecessorsBackends, StringComparison.Ordinal)
                && clock.Elapsed < _settings.StartDeadline) continue;
            throw new ServerFailedException($"PostgreSQL did not start with the data folder {_folder.Path} on port "
                + $"{Port}. The end of {LogFile}:\n{said}");
        }
    }

    /// <summary>Whether it can start; not while a predecessor's backends are there, which soon end.</summary>
    private async Task<bool> IsPreparedAsync(Stopwatch clock, CancellationToken cancel)
    {
        if (_settings.Security is not { } security || _isPrepared) return true;
        try
        {
            await security.PrepareAsync(PostgresBinaries.For(_folder), _folder, Lines(_settings, _folder), cancel);
            return _isPrepared = true;
        }
        catch (ServerFailedException e) when (e.Message.Contains(PredecessorsBackends, StringComparison.Ordinal)
            && clock.Elapsed < _settings.StartDeadline)
        {
            return false;
        }
    }

    public string ConnectionString(string database = Superuser)
    {
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = Port,
            Username = Superuser,
            Database = database,
            IncludeErrorDetail = true,
            // Without it Npgsql 10 looks for Kerberos on every new connection, and complains where the library is
            // missing.
            GssEncryptionMode = GssEncryptionMode.Disable,
        };
        if (_settings.Security is { } security)
        {
            settings.SslMode = SslMode.VerifyFull;
            settings.RootCertificate = security.Authority.Certificate;
            settings.Password = security.SuperuserPassword;
        }
        return settings.ConnectionString;
    }

    /// <summary>Makes a database if it is not there, and returns its connection string.</summary>
    public async Task<string> CreateDatabaseAsync(string name, CancellationToken cancel = default)
    {
        await using var connection = await ConnectAsync(cancel);
        await using var command = connection.CreateCommand();
        command.CommandText = $"""CREATE DATABASE "{name.Replace("\"", "\"\"", StringComparison.Ordinal)}" """;
        try
        {
            await command.ExecuteNonQueryAsync(cancel);
        }
        catch (PostgresException e)
            when (e.SqlState is PostgresErrorCodes.DuplicateDatabase or PostgresErrorCodes.UniqueViolation)
        { }
        return ConnectionString(name);
    }

    /// <summary>
    /// PostgreSQL's fast shutdown: open transactions are rolled back, and the next start has nothing to replay.
    /// </summary>
    public Task<int> StopAsync() => _process.StopAsync();

    /// <summary>SIGKILL, as a crash.</summary>
    public Task<int> KillAsync()
    {
        _process.Kill();
        return _process.Exited;
    }

    /// <summary>
    /// SIGKILL to all of its processes at once, as a crash of the machine would end them: no backend lives on to finish
    /// its work.
    /// </summary>
    public Task<int> KillAllAsync()
    {
        // Stopped first, so that it neither starts backends nor takes the death of one for a crash and begins to
        // recover.
        _process.Signal("STOP");
        foreach (var backend in Unix.Children(_process.Pid)) Unix.Send(backend, "KILL");
        return KillAsync();
    }

    /// <summary>STOP freezes the postmaster (it takes no new connections), CONT wakes it.</summary>
    public bool Signal(string name) => _process.Signal(name);

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static Task InitializeAsync(string binaries, PostgresFolder folder, PostgresSettings settings,
        CancellationToken cancel) => Programs.RunAsync(
        new()
        {
            Program = Path.Combine(binaries, "initdb"),
            // The C locale is on every system; texts sort by their bytes.
            Arguments = ["-D", folder.Path, "-U", Superuser, "--auth=trust", "--encoding=UTF8", "--locale=C",
                settings.Fsync ? "--no-instructions" : "--no-sync"],
            RunAs = folder.User,
            WorkingDirectory = "/",
        },
        $"Preparing the data folder {folder.Path}", cancel);

    private static ChildSettings Command(string binaries, PostgresFolder folder, PostgresSettings settings, int port,
        string logFile) => new()
        {
            Program = Path.Combine(binaries, "postgres"),
            Arguments =
        [
            "-D", folder.Path, "-h", "127.0.0.1", "-p", Text(port), "-k", "",
            .. Lines(settings, folder),
        ],
            RunAs = folder.User,
            WorkingDirectory = "/",
            LogFile = logFile,
            StopSignal = "INT",
            Grace = settings.StopGrace,
        };

    private static IEnumerable<string> Lines(PostgresSettings settings, PostgresFolder folder) =>
        Configuration(settings, folder).SelectMany(line => new[] { "-c", $"{line.Key}={line.Value}" });

    private static Dictionary<string, string> Configuration(PostgresSettings settings, PostgresFolder folder)
    {
        var lines = new Dictionary<string, string>
        {
            ["wal_level"] = "logical",
            ["max_replication_slots"] = Text(settings.MaxReplicationSlots),
            ["max_wal_senders"] = Text(settings.MaxReplicationSlots),
            ["max_slot_wal_keep_size"] = settings.MaxSlotWalKeepSize,
            ["max_connections"] = Text(settings.MaxConnections),
            ["idle_in_transaction_session_timeout"] = Text((int)settings.IdleInTransactionTimeout.TotalMilliseconds),
            // Seen: an append whose tables had no statistics yet was compiled for 400 ms, at each transaction.
            ["jit"] = "off",
            ["fsync"] = settings.Fsync ? "on" : "off",
            ["log_line_prefix"] = "%m [%p] %d ",
            // The log is in the user's language otherwise, and the start reads it.
            ["lc_messages"] = "C",
        };
        if (settings.Security is not null)
            foreach (var (name, value) in PostgresSecurity.Settings(folder)) lines[name] = value;
        foreach (var (name, value) in settings.More) lines[name] = value;
        return lines;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private async Task<bool> AnswersAsync(TimeSpan deadline, CancellationToken cancel)
    {
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < deadline && !_process.HasExited;
            await Task.Delay(PollInterval, cancel))
        {
            try
            {
                // Where another PostgreSQL has the port, ours is about to end and to say so.
                if (await DataDirectoryThereAsync(cancel) == DataDirectory) return true;
            }
            catch (NpgsqlException) { } // Refused, or "the database system is starting up".
        }
        return false;
    }

    private async Task<string?> DataDirectoryThereAsync(CancellationToken cancel)
    {
        await using var connection = await ConnectAsync(cancel);
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT current_setting('data_directory')";
        return (string?)await command.ExecuteScalarAsync(cancel);
    }

    private async Task<NpgsqlConnection> ConnectAsync(CancellationToken cancel)
    {
        var connection =
            new NpgsqlConnection(
                new NpgsqlConnectionStringBuilder(ConnectionString())
                {
                    Pooling = false,
                    Timeout = 5
                }.ConnectionString);
        try
        {
            await connection.OpenAsync(cancel);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
