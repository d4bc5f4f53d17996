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

    /// <summary>
    /// Jit off: it struck appends whose plans had no statistics yet, 400 ms each. An end to transactions that were left
    /// open, since they slow the head row of the store. Plans are made once for a session, when tables may still be
    /// empty, and kept while they grow: so only such that look each row up by its key (seen, PostgreSQL 15: an update
    /// planned on an empty table reads all of it for ever, by a hash join).
    /// </summary>
    private const string SessionOptions =
        "-c jit=off -c idle_in_transaction_session_timeout=30s " +
        "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off ";

    /// <summary>
    /// The sessions of a service. Nothing of a session is reset between its uses, since that would throw the prepared
    /// statements and plans away: whoever takes a connection leaves it as it was. The connection string's own settings
    /// win.
    /// </summary>
    public static NpgsqlDataSource Open(string connectionString, string application)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        settings.ApplicationName ??= application;
        settings.Options = SessionOptions + settings.Options;
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
}
