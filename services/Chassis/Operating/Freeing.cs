using Checkout.Chassis.Choreography;
using Checkout.Chassis.Inbox;
using Checkout.Chassis.Resilience;
using Checkout.Chassis.State;
using Npgsql;

namespace Checkout.Chassis.Operating;

/// <summary>By whose hand parked events are freed, and why; kept with what became of them.</summary>
public sealed record Hand(string Who, string Why);

/// <summary>What became of the parked events of a key.</summary>
/// <param name="Count">So many were freed; in a dry run, would be, of those that were tried.</param>
/// <param name="Left">So many that could not be handled are left, and others did not wait for them.</param>
/// <param name="StoppedAt">The position of the last that could not be handled; null where each could.</param>
/// <param name="Fault">Why it could not.</param>
/// <param name="IsWaitedFor">Whether those behind it wait for it.</param>
public sealed record KeyFreed(string Topic, string Key, int Count, int Left, long? StoppedAt, string? Fault,
    bool IsWaitedFor);

/// <summary>Frees parked events: handles them after all, in order, or gives them up for good.</summary>
public sealed class Freeing<TRows>(Choreography<TRows> choreography, Decoder<TRows> decoder,
    Transactions<TRows> transactions, NpgsqlDataSource database)
{
    private const string Redrive = "redrive", Discard = "discard";

    /// <summary>In one transaction.</summary>
    private const int MostDiscarded = 1_000;

    /// <summary>The keys that have some of these parked, the longest parked first.</summary>
    public async Task<IReadOnlyList<(string Topic, string Key)>> KeysAsync(ParkedSelection of,
        CancellationToken cancellation)
    {
        var keys = new List<(string, string)>();
        var trip = new RoundTrip();
        Parked.Keys(trip, of, (topic, key) => keys.Add((topic, key)));
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await trip.RunAsync(connection, cancellation);
        return keys;
    }

    /// <summary>
    /// Handles what is parked of a key, oldest first, and stops at the first that still can't be handled and that
    /// others wait for. Each in a transaction of its own, so that those before it are done; until the last is freed
    /// whatever arrives is parked behind, and so is redriven too.
    /// </summary>
    public async Task<KeyFreed> RedriveAsync(string topic, string key, Hand hand, CancellationToken cancellation)
    {
        var (freed, left, after) = (0, 0, 0L);
        var (stoppedAt, fault) = ((long?)null, (string?)null);
        while (true)
        {
            var (first, wrong) = await FirstAsync(topic, key, after, hand, cancellation);
            if (first is null) return new(topic, key, freed, left, stoppedAt, fault, IsWaitedFor: false);
            if (wrong is null)
            {
                freed++;
                continue;
            }
            (stoppedAt, fault) = (first.Record.Position, wrong);
            if (first.Blocks && choreography.IsChained(topic))
                return new(topic, key, freed, left, stoppedAt, fault, IsWaitedFor: true);
            (left, after) = (left + 1, first.Id);
        }
    }

    /// <summary>Whether the oldest that is parked of a key can be handled now; nothing of it is kept.</summary>
    public async Task<KeyFreed> TryAsync(string topic, string key, CancellationToken cancellation)
    {
        var (first, fault) = await FirstAsync(topic, key, after: 0, hand: null, cancellation);
        var isHandled = first is not null && fault is null;
        return new(topic, key, isHandled ? 1 : 0, 0, isHandled ? null : first?.Record.Position, fault,
            first is { Blocks: true } && choreography.IsChained(topic));
    }

    /// <summary>
    /// Gives up the oldest parked event of a key for good; those behind it stay parked until they are redriven.
    /// </summary>
    public Task<(ParkedRecord? First, long Behind)> DiscardFirstAsync(string topic, string key, Hand hand,
        CancellationToken cancellation) =>
        transactions.RunAsync<(ParkedRecord?, long)>(async (transaction, token) =>
        {
            if (await LockFirstAsync(transaction, topic, key, after: 0, token) is not { } first) return (null, 0);
            var left = 0L;
            Parked.Free(transaction.Writes, first.Id, Discard, hand.Who, hand.Why);
            Parked.Count(transaction.Writes, topic, key, count => left = count);
            await transaction.CommitAsync(token);
            return (first, left);
        }, cancellation);

    /// <summary>
    /// Gives up all of these for good, and says how many there were; what is parked behind them stays.
    /// </summary>
    public async Task<long> DiscardAllAsync(ParkedSelection of, Hand hand, CancellationToken cancellation)
    {
        var all = 0L;
        foreach (var topic in (await KeysAsync(of, cancellation)).Select(parked => parked.Topic).Distinct().ToList())
            for (var some = (long)MostDiscarded; some == MostDiscarded; all += some)
                some = await DiscardSomeAsync(of with { Topic = topic }, hand, cancellation);
        return all;
    }

    private Task<long> DiscardSomeAsync(ParkedSelection of, Hand hand, CancellationToken cancellation) =>
        transactions.RunAsync(async (transaction, token) =>
        {
            var freed = 0L;
            Handled.LockTopic(transaction.Reads, of.Topic!);
            await transaction.ReadAsync(token);
            Parked.FreeAll(transaction.Writes, of, MostDiscarded, Discard, hand.Who, hand.Why, count => freed = count);
            await transaction.CommitAsync(token);
            return freed;
        }, cancellation);

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

    /// <param name="hand">Null where it is only tried.</param>
    private async Task<(ParkedRecord? First, string? Fault)> FirstAsync(string topic, string key, long after,
        Hand? hand, CancellationToken cancellation)
    {
        ParkedRecord? first = null;
        try
        {
            return await transactions.RunAsync<(ParkedRecord?, string?)>(async (transaction, token) =>
            {
                first = await LockFirstAsync(transaction, topic, key, after, token);
                if (first is null) return (null, null);
                if (await HandleAsync(transaction, first, token) is { } fault) return (first, fault);
                if (hand is null)
                {
                    await transaction.RollBackAsync(token);
                    return (first, null);
                }
                Parked.Free(transaction.Writes, first.Id, Redrive, hand.Who, hand.Why);
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
        await transaction.LoadForAsync(work is null ? [] : [work], cancellation);
        if (work is null) return fault;
        transaction.Decide(work);
        return work.FaultText;
    }
}
