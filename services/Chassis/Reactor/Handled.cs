using Dapper;
using Npgsql;

namespace Checkout.Chassis.Reactor;

/// <summary>How far each partition's chain has been handled. Its rows are the first lock of a batch's transaction, so two instances never handle one partition at once.</summary>
public static class Handled
{
    /// <summary>Locks the rows, in key order, and answers with their positions; a partition never handled before starts at 0.</summary>
    public static async Task<Dictionary<(string Topic, int Partition), long>> LockAsync(
        NpgsqlConnection connection, IReadOnlyCollection<(string Topic, int Partition)> partitions, CancellationToken cancellation)
    {
        var positions = await LockExistingAsync(connection, partitions, cancellation);
        if (positions.Count == partitions.Count) return positions;
        await connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO handled (topic, partition, position)
            SELECT topic, partition, 0 FROM unnest(@Topics, @Partitions) AS p(topic, partition) ORDER BY topic, partition
            ON CONFLICT DO NOTHING
            """, Columns(partitions), cancellationToken: cancellation));
        return await LockExistingAsync(connection, partitions, cancellation);
    }

    public static Task AdvanceAsync(NpgsqlConnection connection, IReadOnlyDictionary<(string Topic, int Partition), long> to, CancellationToken cancellation) =>
        connection.ExecuteAsync(new CommandDefinition(
            """
            UPDATE handled SET position = p.position
            FROM unnest(@Topics, @Partitions, @Positions) AS p(topic, partition, position)
            WHERE handled.topic = p.topic AND handled.partition = p.partition
            """,
            new { Topics = to.Keys.Select(k => k.Topic).ToArray(), Partitions = to.Keys.Select(k => k.Partition).ToArray(), Positions = to.Values.ToArray() },
            cancellationToken: cancellation));

    private static async Task<Dictionary<(string Topic, int Partition), long>> LockExistingAsync(
        NpgsqlConnection connection, IReadOnlyCollection<(string Topic, int Partition)> partitions, CancellationToken cancellation)
    {
        var rows = await connection.QueryAsync<(string Topic, int Partition, long Position)>(new CommandDefinition(
            """
            SELECT topic, partition, position FROM handled
            WHERE (topic, partition) IN (SELECT * FROM unnest(@Topics, @Partitions))
            ORDER BY topic, partition FOR UPDATE
            """, Columns(partitions), cancellationToken: cancellation));
        return rows.ToDictionary(row => (row.Topic, row.Partition), row => row.Position);
    }

    private static object Columns(IReadOnlyCollection<(string Topic, int Partition)> partitions) =>
        new { Topics = partitions.Select(p => p.Topic).ToArray(), Partitions = partitions.Select(p => p.Partition).ToArray() };
}
