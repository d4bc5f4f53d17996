using Npgsql;
using NpgsqlTypes;

namespace Checkout.Chassis.State;

/// <summary>
/// Statements that go to PostgreSQL together and are answered together. They run one after the other, each with a
/// snapshot of its own; the first that fails keeps those behind it from running.
/// </summary>
public sealed class RoundTrip
{
    private readonly List<Statement> _statements = [];

    /// <summary>What is to be sent, for whoever wants to look at it.</summary>
    public IEnumerable<(string Sql, IReadOnlyList<NpgsqlParameter> Parameters)> Statements =>
        _statements.Select(statement =>
            (statement.Command.CommandText, (IReadOnlyList<NpgsqlParameter>)statement.Command.Parameters.ToList()));

    /// <summary>A statement that answers with no rows.</summary>
    public void Write(string sql, params ReadOnlySpan<NpgsqlParameter> parameters) => Add(sql, read: null, parameters);

    /// <summary>A statement whose rows are read when the answer comes.</summary>
    public void Read(string sql, Action<NpgsqlDataReader> row, params ReadOnlySpan<NpgsqlParameter> parameters) =>
        Add(sql, row, parameters);

    /// <summary>Another's statements, behind those that are here.</summary>
    public void Add(RoundTrip other) => _statements.AddRange(other._statements);

    public static NpgsqlParameter Value<T>(T value) => new NpgsqlParameter<T> { TypedValue = value };

    /// <summary>One column of a set-based statement.</summary>
    public static NpgsqlParameter Array<T>(IEnumerable<T> values, NpgsqlDbType of) =>
        new NpgsqlParameter<T[]> { TypedValue = values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | of };

    /// <exception cref="NpgsqlException">The first statement that failed.</exception>
    public async Task RunAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        foreach (var statement in _statements) batch.BatchCommands.Add(statement.Command);
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        // What answers with no rows has no result to stop at: Npgsql goes on to the next that has one.
        foreach (var statement in _statements)
        {
            if (statement.Row is not { } row) continue;
            while (await reader.ReadAsync(cancellation)) row(reader);
            await reader.NextResultAsync(cancellation);
        }
    }

    private void Add(string sql, Action<NpgsqlDataReader>? read, ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters) command.Parameters.Add(parameter);
        _statements.Add(new(command, read));
    }

    private sealed record Statement(NpgsqlBatchCommand Command, Action<NpgsqlDataReader>? Row);
}
