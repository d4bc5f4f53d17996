using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Reactor;
using Dapper;
using Npgsql;

namespace Checkout.Chassis.Operating;

/// <summary>What an operator does with parked events: list, redrive in order, discard the first.</summary>
public sealed class ParkedCommands<TCommand>(
    Choreography<TCommand> choreography, Func<IStateBatch<TCommand>> newStates, Decoder<TCommand> decoder, EventStoreOptions store, NpgsqlDataSource database,
    TimeProvider time)
{
    private const int MaxListed = 1_000;
    private const int MaxCollisions = 20;

    private readonly Decisions<TCommand> _decisions = new(choreography, store.MaxEventBytes);

    public async Task<int> ListAsync(TextWriter output, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var rows = (await connection.QueryAsync<(long Id, string Topic, int Partition, long Position, string Key, string Reason, DateTime At)>(new CommandDefinition(
            "SELECT id, topic, partition, position, key, reason, parked_at FROM parked ORDER BY id LIMIT @MaxListed", new { MaxListed }, cancellationToken: cancellation))).ToList();
        foreach (var row in rows)
            await output.WriteLineAsync($"{row.Id}\t{row.Topic}/{row.Partition} position {row.Position}\tkey {row.Key}\tsince {row.At:u}\t{row.Reason}");
        await output.WriteLineAsync(rows.Count == MaxListed ? $"The first {MaxListed} are shown." : $"{rows.Count} parked.");
        return 0;
    }

    /// <summary>
    /// Handles what is parked of a key, oldest first, and stops at the first that still can't be handled. Each in a transaction of its own, so that those before it are done; until the last is
    /// freed whatever arrives is parked behind, and so is redriven too.
    /// </summary>
    public async Task<int> RedriveAsync(string topic, string key, string who, string why, TextWriter output, CancellationToken cancellation)
    {
        for (var freed = 0; ; freed++)
        {
            var (first, fault) = await RedriveFirstAsync(topic, key, who, why, cancellation);
            if (first is null && freed == 0) return await SayAsync(output, $"Nothing is parked of key {key} on {topic}.", 1);
            if (first is null) return await SayAsync(output, $"{freed} redriven, nothing is left.", 0);
            if (fault is null) continue;
            await output.WriteLineAsync($"{freed} redriven.");
            return await SayAsync(output, $"{topic} position {first.Record.Position} still can't be handled: {fault}", 1);
        }
    }

    /// <summary>Gives up the oldest parked event of a key for good; those behind it stay parked until they are redriven.</summary>
    public async Task<int> DiscardAsync(string topic, string key, string who, string why, TextWriter output, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (await LockFirstAsync(connection, topic, key, cancellation) is not { } first) return await SayAsync(output, $"Nothing is parked of key {key} on {topic}.", 1);
        await Parked.FreeAsync(connection, first.Id, "discard", who, why, cancellation);
        var behind = await Parked.CountAsync(connection, topic, key, cancellation);
        await transaction.CommitAsync(cancellation);
        return await SayAsync(output, $"Discarded position {first.Record.Position}; {behind} behind it{(behind > 0 ? ": redrive them" : "")}.", 0);
    }

    /// <summary>First the rows of handled, as every batch does: while they are locked no batch can park another event behind what is being freed.</summary>
    private static async Task<ParkedRecord?> LockFirstAsync(NpgsqlConnection connection, string topic, string key, CancellationToken cancellation)
    {
        await connection.ExecuteAsync(new CommandDefinition(
            "SELECT 1 FROM handled WHERE topic = @topic ORDER BY topic, partition FOR UPDATE", new { topic }, cancellationToken: cancellation));
        return await Parked.FirstAsync(connection, topic, key, cancellation);
    }

    private async Task<(ParkedRecord? First, string? Fault)> RedriveFirstAsync(string topic, string key, string who, string why, CancellationToken cancellation)
    {
        for (var collisions = 0; ; collisions++)
        {
            await using var connection = await database.OpenConnectionAsync(cancellation);
            await using var transaction = await connection.BeginTransactionAsync(cancellation);
            if (await LockFirstAsync(connection, topic, key, cancellation) is not { } first) return (null, null);
            try
            {
                if (await HandleAsync(connection, first, cancellation) is { } fault) return (first, fault);
                await Parked.FreeAsync(connection, first.Id, "redrive", who, why, cancellation);
                await transaction.CommitAsync(cancellation);
                return (first, null);
            }
            catch (PostgresException e) when (Outage.IsCollision(e) && collisions < MaxCollisions)
            {
                // A request in the way; nothing was done, and the next try will find another order.
            }
            catch (Exception e) when (e is NotYetVisibleException || Outage.IsFaultOfData(e))
            {
                return (first, e.Message);
            }
        }
    }

    private async Task<string?> HandleAsync(NpgsqlConnection connection, ParkedRecord parked, CancellationToken cancellation)
    {
        var now = ReactorPass<TCommand>.Microseconds(time.GetUtcNow().UtcDateTime);
        var work = ReactorPass<TCommand>.WorkOf(await decoder.DecodeAsync(parked.Record, cancellation), now, out var fault);
        // Neither work nor fault: the service has no row for it any more.
        if (work is null) return fault;
        var states = newStates();
        states.Need(work.Command);
        await states.LoadAsync(connection, cancellation);
        var appended = _decisions.Run(states, work, now);
        if (work.Fault is { } thrown) return $"{work.Reaction} threw {thrown.GetType().Name}: {thrown.Message}";
        await states.SaveAsync(connection, cancellation);
        await EventLog.AppendAsync(connection, appended, cancellation);
        return null;
    }

    private static async Task<int> SayAsync(TextWriter output, string sentence, int exitCode)
    {
        await output.WriteLineAsync(sentence);
        return exitCode;
    }
}
