using Npgsql;

namespace Checkout.Chassis.EventStore;

public static class Database
{
    /// <summary>
    /// A batch and the edge's two groups take a connection each, the rest is for reads; what comes beyond waits its
    /// turn. Npgsql's own limit of 100 is all that a PostgreSQL as it comes has to give: 200 clients that looked at
    /// their checkouts at once left no connection to the other services (53300, seen).
    /// </summary>
    private const int MaxConnections = 20;

    /// <summary>All the statements of a service, a few for each table and query.</summary>
    private const int MaxPreparedStatements = 200;

    /// <summary>What to do about a pool in between.</summary>
    public const string DirectlyInstead =
        "Connect to PostgreSQL itself, and not by way of PgBouncer or another pool, or to one in session mode as "
            + "docs/operating.md says under Sessions: Checkout pools by itself, 20 connections a process unless "
            + "Maximum Pool Size says other.";

    /// <summary>A setting that PostgreSQL keeps for whoever asks and has no meaning for it.</summary>
    private const string SessionMark = "checkout.session";

    /// <summary>What a role's own setting says, where a pool gives every client a session.</summary>
    private const string Vouched = "kept";

    private static readonly string Mark = Guid.NewGuid().ToString("N");

    /// <summary>
    /// Jit off: it struck appends whose plans had no statistics yet, 400 ms each. An end to transactions that were left
    /// open, since they slow the head row of the store. Plans are made once for a session, when tables may still be
    /// empty, and kept while they grow: so only such that look each row up by its key (seen, PostgreSQL 15: an update
    /// planned on an empty table reads all of it for ever, by a hash join).
    /// </summary>
    private static readonly (string Name, string Value)[] SessionSettings =
    [
        ("jit", "off"), ("idle_in_transaction_session_timeout", "30s"), ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off"),
    ];

    private static readonly string SessionOptions = string.Concat(
        SessionSettings.Prepend((Name: SessionMark, Value: Mark)).Select(set => $"-c {set.Name}={set.Value} "));

    /// <summary>
    /// The sessions of a service. Nothing of a session is reset between its uses, since that would throw the prepared
    /// statements and plans away: whoever takes a connection leaves it as it was. The connection string's own settings
    /// win.
    /// </summary>
    /// <param name="byHand">For an operator's command: it may append while the store is being refilled.</param>
    public static NpgsqlDataSource Open(string connectionString, string application, bool byHand = false)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        settings.ApplicationName ??= application;
        // Or a data source shows its password to whoever asks it for its connection string.
        settings.PersistSecurityInfo = false;
        settings.Options = SessionOptions + (byHand ? "-c checkout.by_hand=on " : "") + settings.Options;
        // A statement that waits longer than this for an answer is taken for an outage.
        // ShouldSerialize tells what was given; Npgsql's ContainsKey is true for every keyword there is.
        if (!settings.ShouldSerialize("Command Timeout")) settings.CommandTimeout = 15;
        if (!settings.ShouldSerialize("Timeout")) settings.Timeout = 5;
        if (!settings.ShouldSerialize("No Reset On Close")) settings.NoResetOnClose = true;
        if (!settings.ShouldSerialize("Max Auto Prepare"))
            (settings.MaxAutoPrepare, settings.AutoPrepareMinUsages) = (MaxPreparedStatements, 2);
        if (!settings.ShouldSerialize("Maximum Pool Size")) settings.MaxPoolSize = MaxConnections;
        // Its metrics bear this name in place of the whole connection string.
        return new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = application }.Build();
    }

    /// <summary>Whether a session has what it was given when it began, and is its client's alone.</summary>
    /// <exception cref="UnusableDatabaseException">It has not, or is not: a pool is in between.</exception>
    public static async Task MustKeepSessionsAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        try
        {
            await using var connection = await database.OpenConnectionAsync(cancellation);
            var mark = await SettingAsync(connection, SessionMark, cancellation);
            if (mark == Mark) return;
            if (mark == Vouched && await HasAllAsync(connection, cancellation)
                && !await IsSharedAsync(database, connection, cancellation)) return;
        }
        catch (PostgresException e) when (RefusesSessions(e))
        {
            throw new UnusableDatabaseException(
                $"What answers at Database:ConnectionString refuses a session's own settings ({e.MessageText}). "
                    + DirectlyInstead, e);
        }
        throw new UnusableDatabaseException("What answers at Database:ConnectionString drops a session's own settings "
            + $"(plan_cache_mode and others), or shares a session among several. {DirectlyInstead}");
    }

    /// <summary>Whether the role has the settings, where the session could not be given them.</summary>
    private static async Task<bool> HasAllAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        foreach (var (name, value) in SessionSettings)
            if (await SettingAsync(connection, name, cancellation) != value) return false;
        return true;
    }

    /// <summary>A pool that shares sessions gives the one that was just used to whoever comes next.</summary>
    private static async Task<bool> IsSharedAsync(NpgsqlDataSource database, NpgsqlConnection connection,
        CancellationToken cancellation)
    {
        await using var set = new NpgsqlCommand($"SET {SessionMark} = '{Mark}'", connection);
        await set.ExecuteNonQueryAsync(cancellation);
        await using var other = await database.OpenConnectionAsync(cancellation);
        var isShared = await SettingAsync(other, SessionMark, cancellation) == Mark;
        await using var reset = new NpgsqlCommand($"RESET {SessionMark}", connection);
        await reset.ExecuteNonQueryAsync(cancellation);
        return isShared;
    }

    private static async Task<string?> SettingAsync(NpgsqlConnection connection, string name,
        CancellationToken cancellation)
    {
        await using var ask = new NpgsqlCommand("SELECT current_setting($1, true)", connection)
        { Parameters = { new() { Value = name } } };
        return await ask.ExecuteScalarAsync(cancellation) as string;
    }

    /// <summary>
    /// A pool in between that does not hand on what a session is to begin with, as PgBouncer (seen, 1.18.0: 08P01,
    /// "unsupported startup parameter: options").
    /// </summary>
    public static bool RefusesSessions(PostgresException e) => e.SqlState == PostgresErrorCodes.ProtocolViolation
        && e.MessageText.Contains("startup parameter", StringComparison.Ordinal);
}
