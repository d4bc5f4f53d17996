namespace Checkout.Servers;

public sealed record PostgresSettings
{
    /// <summary>
    /// Made and filled by initdb if it is not there. Run as root, another may be taken: see <see
    /// cref="PostgresServer.DataDirectory"/>.
    /// </summary>
    public required string DataDirectory { get; init; }

    /// <summary>A free port is chosen where none is given.</summary>
    public int? Port { get; init; }

    /// <summary>The server's log; where none is given, a file beside the data folder.</summary>
    public string? LogFile { get; init; }

    /// <summary>False only for tests: a power cut then loses the data, a killed process does not.</summary>
    public bool Fsync { get; init; } = true;

    /// <summary>
    /// How much log an idle replication slot may pin before it is given up and LogTailer heals from the event store.
    /// </summary>
    public string MaxSlotWalKeepSize { get; init; } = "2GB";

    public int MaxReplicationSlots { get; init; } = 20;

    public int MaxConnections { get; init; } = 200;

    /// <summary>A transaction that somebody left open holds back the clean-up of the event store's head row.</summary>
    public TimeSpan IdleInTransactionTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>None: everybody on this machine is let in by any name.</summary>
    public PostgresSecurity? Security { get; init; }

    /// <summary>Further settings of postgresql.conf, which win.</summary>
    public IReadOnlyDictionary<string, string> More { get; init; } = new Dictionary<string, string>();

    /// <summary>Replaying the log after a crash is part of the start.</summary>
    public TimeSpan StartDeadline { get; init; } = TimeSpan.FromMinutes(2);

    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(20);
}
