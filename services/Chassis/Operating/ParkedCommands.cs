using Checkout.Chassis.Choreography;
using Checkout.Chassis.Inbox;
using Checkout.Chassis.Resilience;
using Dapper;
using Npgsql;

namespace Checkout.Chassis.Operating;

/// <summary>What an operator does with parked events: list, redrive in order, discard the first.</summary>
public sealed class ParkedCommands<TRows>(Choreography<TRows> choreography, Decoder<TRows> decoder,
    Transactions<TRows> transactions, NpgsqlDataSource database)
{
    private const int MaxListed = 1_000;

    public async Task<int> ListAsync(TextWriter output, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var rows =
            (await connection.QueryAsync<(
                long Id, string Topic, int Partition, long Position, string Key, string Reason,
                DateTime At)>(new CommandDefinition(
            "SELECT id, topic, partition, position, key, reason, parked_at FROM parked ORDER BY id LIMIT @MaxListed",
            new { MaxListed }, cancellationToken: cancellation))).ToList();
        foreach (var row in rows)
            await output.WriteLineAsync($"{row.Id}\t{row.Topic}/{row.Partition} position {row.Position}\tkey "
                + $"{row.Key}\tsince {row.At:u}\t{row.Reason}");
        await output.WriteLineAsync(rows.Count == MaxListed ? $"The first {MaxListed} are shown."
            : $"{rows.Count} parked.");
        return 0;
    }

    /// <summary>
    /// Handles what is parked of a key, oldest first, and stops at the first that still can't be handled and that
    /// others wait for. Each in a transaction of its own, so that those before it are done; until the last is freed
    /// whatever arrives is parked behind, and so is redriven too.
    /// </summary>
    public async Task<int> RedriveAsync(string topic, string key, string who, string why, TextWriter output,
        CancellationToken cancellation)
    {
        var (freed, left, after) = (0, 0, 0L);
        while (true)
        {
            var (first, fault) = await RedriveFirstAsync(topic, key, after, who, why, cancellation);
            if (first is null && freed + left == 0)
                return await SayAsync(output, $"Nothing is parked of key {key} on {topic}.", 1);
            if (first is null)
                return await SayAsync(output, $"{freed} redriven, {(left == 0 ? "nothing is" : $"{left} are")} left.",
                    left == 0 ? 0 : 1);
            if (fault is null)
            {
                freed++;
                continue;
            }
            var isWaitedFor = first.Blocks && choreography.IsChained(topic);
            if (isWaitedFor) await output.WriteLineAsync($"{freed} redriven.");
            await output.WriteLineAsync($"{topic} position {first.Record.Position} still can't be handled: {fault}");
            if (isWaitedFor) return 1;
            (left, after) = (left + 1, first.Id);
        }
    }

    /// <summary>
    /// Gives up the oldest parked event of a key for good; those behind it stay parked until they are redriven.
    /// </summary>
    public async Task<int> DiscardAsync(string topic, string key, string who, string why, TextWriter output,
        CancellationToken cancellation)
    {
        var (first,
            behind) = await transactions.RunAsync<(ParkedRecord? First, long Behind)>(async (transaction, token) =>
        {
            if (await LockFirstAsync(transaction, topic, key, after: 0, token) is not { } parked) return (null, 0);
            var left = 0L;
            Parked.Free(transaction.Writes, parked.Id, "discard", who, why);
            Parked.Count(transaction.Writes, topic, key, count => left = count);
            await transaction.CommitAsync(token);
            return (parked, left);
        }, cancellation);
        if (first is null) return await SayAsync(output, $"Nothing is parked of key {key} on {topic}.", 1);
        return await SayAsync(output, $"Discarded position {first.Record.Position}; {behind} behind "
            + $"it{(behind > 0 ? ": redrive them" : "")}.", 0);
    }

    /// <summary>
    /// First the rows of handled, as every batch does: while they are locked no batch can park another event behind
    /// what is being freed.
    /// </summary>
    private static async Task<ParkedRecord?> LockFirstAsync(Transaction<TRows> transaction, string topic, string key,
        long after, CancellationToken cancellation)
    {
        ParkedRecord? first = null;
        Handled.LockTopic(transaction.Reads, topic);
        Parked.First(transaction.Reads, topic, key, after, found => first = found);
        await transaction.ReadAsync(cancellation);
        return first;
    }

    private async Task<(ParkedRecord? First, string? Fault)> RedriveFirstAsync(string topic, string key, long after,
        string who, string why, CancellationToken cancellation)
    {
        ParkedRecord? first = null;
        try
        {
            return await transactions.RunAsync<(ParkedRecord?, string?)>(async (transaction, token) =>
            {
                first = await LockFirstAsync(transaction, topic, key, after, token);
                if (first is null) return (null, null);
                if (await HandleAsync(transaction, first, token) is { } fault) return (first, fault);
                Parked.Free(transaction.Writes, first.Id, "redrive", who, why);
                await transaction.CommitAsync(token);
                return (first, null);
            }, cancellation);
        }
        catch (Exception e) when (first is not null
            && (e is NotYetVisibleException || Outage.IsFaultOfData(e) || Outage.IsOutage(e)))
        {
            return (first, e.Message);
        }
    }

    /// <summary>Null where it was handled, or where the service has no row for it any more.</summary>
    private async Task<string?> HandleAsync(Transaction<TRows> transaction, ParkedRecord parked,
        CancellationToken cancellation)
    {
        var decoded = await decoder.DecodeAsync(parked.Record, cancellation);
        if (decoded.IsForeign) return "LogTailer did not write it, so it stands for no event: discard it";
        var work = decoded.ToWork(transaction.Now, out var fault);
        await transaction.LoadAsync(work is null ? [] : [work.Step], cancellation);
        if (work is null) return fault;
        transaction.Decide(work);
        return work.FaultText;
    }

    /// <summary>
    /// No version is to have the reaction any more: from now on instances without it pass over what it was to.
    /// </summary>
    public async Task<int> RetireAsync(string reaction, string who, string why, TextWriter output,
        CancellationToken cancellation)
    {
        if (choreography.Reactions.Any(r => r.Name == reaction))
            return await SayAsync(output,
                $"{reaction} is a reaction of this version: retire it with one that lacks it.", 1);
        var retired = new List<string>();
        var trip = new State.RoundTrip();
        Reactions.Retire(trip, reaction, who, why, retired.Add);
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await trip.RunAsync(connection, cancellation);
        return retired.Count == 0
            ? await SayAsync(output, $"No reaction {reaction} is kept that is not retired already.", 1)
            : await SayAsync(output, $"Retired {reaction} to {string.Join(", ", retired)}.", 0);
    }

    private static async Task<int> SayAsync(TextWriter output, string sentence, int exitCode)
    {
        await output.WriteLineAsync(sentence);
        return exitCode;
    }
}
