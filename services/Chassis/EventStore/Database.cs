using Npgsql;

namespace Checkout.Chassis.EventStore;

public static class Database
{
    /// <summary>
    /// A batch and the edge's two groups take a connection each, the rest is for reads; what comes beyond waits its turn. Npgsql's own limit of 100 is all that a PostgreSQL as it comes has to give: 200
    /// clients that looked at their checkouts at once left no connection to the other services (53300, seen).
    /// </summary>
    private const int MaxConnections = 20;

    /// <summary>
    /// Settings that every session of a service has: jit off (it struck appends whose plans had no statistics yet, 400 ms each), and an end to transactions that were left open, since they slow the
    /// head row of the store. The connection string's own Options win.
    /// </summary>
    public static NpgsqlDataSource Open(string connectionString, string application)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        settings.ApplicationName ??= application;
        settings.Options = "-c jit=off -c idle_in_transaction_session_timeout=30s " + settings.Options;
        // A statement that waits longer than this for an answer is taken for an outage.
        // ShouldSerialize tells what was given; Npgsql's ContainsKey is true for every keyword there is.
        if (!settings.ShouldSerialize("Command Timeout")) settings.CommandTimeout = 15;
        if (!settings.ShouldSerialize("Timeout")) settings.Timeout = 5;
        if (!settings.ShouldSerialize("Maximum Pool Size")) settings.MaxPoolSize = MaxConnections;
        return new NpgsqlDataSourceBuilder(settings.ConnectionString).Build();
    }
}
