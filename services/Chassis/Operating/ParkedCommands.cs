using System.Globalization;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.Inbox;
using Npgsql;

namespace Checkout.Chassis.Operating;

/// <summary>
/// What an operator does with parked events by command: list, redrive in order, discard; of a key, or of all that have
/// a reason or came from a topic. Answers with the exit code.
/// </summary>
public sealed class ParkedCommands<TRows>(Choreography<TRows> choreography, ParkedList<TRows> list,
    Freeing<TRows> freeing, NpgsqlDataSource database)
{
    private const int MaxListed = 1_000;

    public async Task<int> ListAsync(ParkedSelection of, TextWriter output, CancellationToken cancellation)
    {
        var shown = await list.ReadAsync(of, after: 0, MaxListed, cancellation);
        foreach (var ((id, at, reason, _, record), type, fields) in shown)
            await output.WriteLineAsync($"{id}\t{record.Topic}/{record.Partition} position {record.Position}\tkey "
                + $"{Parked.KeyOf(record.Key)}\tsince {at:u}\t{type ?? "not decoded"} {fields?.ToJsonString()}\t"
                + reason);
        foreach (var reason in await list.ReasonsAsync(of, cancellation))
            await output.WriteLineAsync(Sentence(reason));
        await output.WriteLineAsync(shown.Count == MaxListed ? $"The first {MaxListed} are shown."
            : $"{shown.Count} parked.");
        return 0;
    }

    /// <summary>Of one key: as it went, event by event.</summary>
    public async Task<int> RedriveAsync(string topic, string key, Hand hand, TextWriter output,
        CancellationToken cancellation)
    {
        var one = await freeing.RedriveAsync(topic, key, hand, cancellation);
        if (one is { Count: 0, Fault: null })
            return await SayAsync(output, $"Nothing is parked of key {key} on {topic}.", 1);
        var told = $"{topic} position {one.StoppedAt} still can't be handled: {one.Fault}";
        if (one.IsWaitedFor) return await SayAsync(output, $"{one.Count} redriven.\n{told}", 1);
        if (one.Fault is not null) await output.WriteLineAsync(told);
        return await SayAsync(output,
            $"{one.Count} redriven, {(one.Left == 0 ? "nothing is" : $"{one.Left} are")} left.",
            one.Left == 0 ? 0 : 1);
    }

    /// <summary>Of every key that has some of these, a line for each that can't be freed to its end.</summary>
    /// <param name="hand">Null for a dry run: of each key the first is tried, and nothing is kept.</param>
    public async Task<int> RedriveAllAsync(ParkedSelection of, Hand? hand, TextWriter output,
        CancellationToken cancellation)
    {
        var keys = await freeing.KeysAsync(of, cancellation);
        var (freed, stopped) = (0, 0);
        foreach (var (topic, key) in keys)
        {
            var one = hand is null ? await freeing.TryAsync(topic, key, cancellation)
                : await freeing.RedriveAsync(topic, key, hand, cancellation);
            freed += one.Count;
            if (one.Fault is null) continue;
            stopped++;
            await output.WriteLineAsync($"key {key}: {topic} position {one.StoppedAt} still can't be handled: "
                + one.Fault);
        }
        return await SayAsync(output, hand is null
            ? $"Of {keys.Count} keys the first event can be handled of {freed}, and can't of {stopped}. Nothing was "
                + "changed."
            : $"{freed} redriven of {keys.Count} keys; {stopped} keys have events that can't be handled.",
            stopped == 0 ? 0 : 1);
    }

    public async Task<int> DiscardAsync(string topic, string key, Hand hand, TextWriter output,
        CancellationToken cancellation)
    {
        var (first, behind) = await freeing.DiscardFirstAsync(topic, key, hand, cancellation);
        if (first is null) return await SayAsync(output, $"Nothing is parked of key {key} on {topic}.", 1);
        return await SayAsync(output, $"Discarded position {first.Record.Position}; {behind} behind "
            + $"it{(behind > 0 ? ": redrive them" : "")}.", 0);
    }

    /// <param name="hand">Null for a dry run: they are only counted.</param>
    public async Task<int> DiscardAllAsync(ParkedSelection of, Hand? hand, TextWriter output,
        CancellationToken cancellation)
    {
        if (hand is not null)
            return await SayAsync(output, $"{await freeing.DiscardAllAsync(of, hand, cancellation)} discarded.", 0);
        var reasons = await list.ReasonsAsync(of, cancellation);
        foreach (var reason in reasons) await output.WriteLineAsync(Sentence(reason));
        return await SayAsync(output, $"{reasons.Sum(reason => reason.Count)} would be discarded for good. Nothing was "
            + "changed.", 0);
    }

    /// <summary>
    /// No version is to have the reaction any more: from now on instances without it pass over what it was to.
    /// </summary>
    public async Task<int> RetireAsync(string reaction, Hand hand, TextWriter output, CancellationToken cancellation)
    {
        if (choreography.Reactions.Any(r => r.Name == reaction))
            return await SayAsync(output,
                $"{reaction} is a reaction of this version: retire it with one that lacks it.", 1);
        var retired = new List<string>();
        var trip = new State.RoundTrip();
        Reactions.Retire(trip, reaction, hand.Who, hand.Why, retired.Add);
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await trip.RunAsync(connection, cancellation);
        return retired.Count == 0
            ? await SayAsync(output, $"No reaction {reaction} is kept that is not retired already.", 1)
            : await SayAsync(output, $"Retired {reaction} to {string.Join(", ", retired)}.", 0);
    }

    private static string Sentence(ParkedReason reason) => string.Create(CultureInfo.InvariantCulture,
        $"{reason.Count} of {reason.Keys} keys on {reason.Topic}, the oldest since {reason.Oldest:u}: {reason.Reason}");

    private static async Task<int> SayAsync(TextWriter output, string sentence, int exitCode)
    {
        await output.WriteLineAsync(sentence);
        return exitCode;
    }
}
