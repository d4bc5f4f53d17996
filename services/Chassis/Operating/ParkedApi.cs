using System.Text.Json.Nodes;
using Checkout.Chassis.Edge;
using Checkout.Chassis.Edge.Describing;
using Checkout.Chassis.Entrance;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Identity;
using Checkout.Chassis.Inbox;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Checkout.Chassis.Operating;

public sealed record ParkedEvent(
    [property: Field("In the order in which they were parked.", Example = 1)] long Id,
    [property: Field("The topic it came from.", Example = "store.checkouts")] string Topic,
    [property: Field("Its partition.", Example = 0)] int Partition,
    [property: Field("Its position in its store; on a topic without a chain its offset.", Example = 17)] long Position,
    [property: Field("Its key, by which it is redriven.", Example = "player-1")] string Key,
    [property: Field("The event's full name; null where nothing says it.",
        Example = "avatarstore.store.CheckoutCreated")] string? Type,
    [property: Field("Its fields; null where it can't be decoded now.")] JsonObject? Event,
    [property: Field("Why it is parked.", Example = "assign threw ArgumentException")] string Reason,
    [property: Field("Whether what follows of its key waits for it.", Example = true)] bool Blocks,
    [property: Field("Since when.", Example = "2026-01-02T03:04:05.678901Z")] DateTime ParkedAt);

public sealed record ParkedCause(
    [property: Field("The topic they came from.", Example = "store.checkouts")] string Topic,
    [property: Field("Why they are parked; ids and numbers are stars.",
        Example = "assign threw ArgumentException")] string Reason,
    [property: Field("How many.", Example = 3)] long Events,
    [property: Field("Of how many keys.", Example = 2)] long Keys,
    [property: Field("Since when the oldest is parked.", Example = "2026-01-02T03:04:05.678901Z")] DateTime Oldest);

public sealed record ParkedPage(
    [property: Field("All reasons, the oldest first.")] IReadOnlyList<ParkedCause> Reasons,
    [property: Field("In the order in which they were parked.")] IReadOnlyList<ParkedEvent> Parked,
    [property: Field("after of the next page; null on the last one.", Example = 100)] long? Next);

public sealed record FreeingRequest(
    [property: Field("The topic they came from.", Pattern = PlainText.Pattern, MaxLength = PlainText.MaxLength,
        Example = "store.checkouts")] string? Topic,
    [property: Field("Their key.", Pattern = PlainText.Pattern, MaxLength = Parked.MaxKeyLength, Example = "player-1")]
    string? Key,
    [property: Field("A part of why they are parked.", Pattern = PlainText.Pattern, MaxLength = PlainText.MaxLength,
        Example = "ArgumentException")] string? Reason,
    [property: Field("Why they are freed; kept, with the sub of the token.", Pattern = PlainText.Pattern,
        MaxLength = PlainText.MaxLength, Example = "mended in 1.4.2")] string Why,
    [property: Field("Says what it would do, and does nothing.", Example = true)] bool? DryRun);

public sealed record KeyStopped(
    [property: Field("The topic.", Example = "store.checkouts")] string Topic,
    [property: Field("The key.", Example = "player-1")] string Key,
    [property: Field("The position of the event that can't be handled.", Example = 17)] long Position,
    [property: Field("Why it can't.", Example = "assign threw ArgumentException")] string Fault);

public sealed record FreedAnswer(
    [property: Field("How many were freed, or would be. A dry run tries the first of each key only.", Example = 3)]
    long Freed,
    [property: Field("How many keys it was about.", Example = 2)] int Keys,
    [property: Field("Keys for which the time was too short: send the same again.", Example = 0)] int KeysLeft,
    [property: Field("What can't be handled, 100 keys at most.")] IReadOnlyList<KeyStopped> Stopped,
    [property: Field("Whether nothing was changed.", Example = false)] bool DryRun);

/// <summary>
/// Parked events over HTTP, for whoever has the scope support: as by command, and kept with the sub of the token.
/// </summary>
public sealed class ParkedApi<TRows>(ParkedList<TRows> list, Freeing<TRows> freeing, StoreHold hold, TimeProvider time)
    : IDisposable
{
    private delegate Task<FreedAnswer> Freer(ParkedSelection of, Hand? hand, CancellationToken cancellation);

    private const int DefaultLimit = 100;
    private const int MaxLimit = 1_000;
    private const int MostStopped = 100;

    /// <summary>A key that is begun is ended; the rest is for the next request.</summary>
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(10);

    /// <summary>A decoder reads for one at a time, and so do operators.</summary>
    private readonly SemaphoreSlim _one = new(1, 1);

    /// <summary>The service itself is asked for when somebody asks: its document is made without settings.</summary>
    public static void Map(WebApplication app)
    {
        app.MapRead("/parked", (HttpRequest request, ParkedApi<TRows> api, CancellationToken cancellation) =>
            api.ListAsync(request, cancellation)).RequireAuthorization(Scopes.Support).Describe(ParkedOperations.List);
        Free("/parked/redrive", ParkedOperations.Redrive, api => api.RedriveAsync);
        Free("/parked/discard", ParkedOperations.Discard, api => api.DiscardAsync);

        void Free(string path, Operation operation, Func<ParkedApi<TRows>, Freer> free) => app.MapPost(path,
            (HttpRequest request, Caller caller, ParkedApi<TRows> api, CancellationToken cancellation) =>
                api.FreeAsync(request, caller, free(api), cancellation))
            .RequireAuthorization(Scopes.Support).Describe(operation);
    }

    public void Dispose() => _one.Dispose();

    private async Task<IResult> ListAsync(HttpRequest request, CancellationToken cancellation)
    {
        var of = new ParkedSelection(QueryValue.Of(request, "topic"), QueryValue.Of(request, "key"),
            QueryValue.Of(request, "reason"));
        RequireStorable(of);
        var limit = QueryValue.NumberOf(request, "limit", least: 1, MaxLimit) ?? DefaultLimit;
        var after = QueryValue.NumberOf(request, "after", least: 0, int.MaxValue) ?? 0;
        return await InTurnAsync(async () =>
        {
            var shown = await list.ReadAsync(of, after, limit + 1, cancellation);
            var reasons = await list.ReasonsAsync(of, cancellation);
            return TypedResults.Ok(new ParkedPage(
                [.. reasons.Select(r => new ParkedCause(r.Topic, r.Reason, r.Count, r.Keys, r.Oldest))],
                [.. shown.Take(limit).Select(Shown)],
                shown.Count > limit ? shown[limit - 1].Parked.Id : null));
        }, cancellation);
    }

    private async Task<IResult> FreeAsync(HttpRequest request, Caller caller,
        Freer free, CancellationToken cancellation)
    {
        var who = caller.Id;
        var asked = await JsonBody.ReadAsync<FreeingRequest>(request, cancellation);
        var of = new ParkedSelection(asked.Topic, asked.Key, asked.Reason);
        if (of == new ParkedSelection())
            throw ProblemTypes.BodyNotUnderstood.Refused("Say which are meant: topic, key or reason.");
        RequireStorable(of);
        if (PlainText.Problem("why", asked.Why) is { } problem) throw ProblemTypes.BodyNotUnderstood.Refused(problem);
        if (hold.Why is not null && asked.DryRun != true)
            throw ProblemTypes.StoreBehind.Refused("The service is being brought back to where it was. Nothing was "
                + "freed: send the same again, later.");
        return await InTurnAsync(async () => TypedResults.Ok(
            await free(of, asked.DryRun == true ? null : new(who, asked.Why), cancellation)), cancellation);
    }

    private async Task<FreedAnswer> RedriveAsync(ParkedSelection of, Hand? hand, CancellationToken cancellation)
    {
        var (started, freed, done) = (time.GetTimestamp(), 0L, 0);
        var keys = await freeing.KeysAsync(of, cancellation);
        var stopped = new List<KeyStopped>();
        foreach (var (topic, key) in keys)
        {
            if (time.GetElapsedTime(started) > Within) break;
            var one = hand is null ? await freeing.TryAsync(topic, key, cancellation)
                : await freeing.RedriveAsync(topic, key, hand, cancellation);
            (freed, done) = (freed + one.Count, done + 1);
            if (one is { Fault: { } fault, StoppedAt: { } position } && stopped.Count < MostStopped)
                stopped.Add(new(topic, key, position, fault));
        }
        return new(freed, done, keys.Count - done, stopped, hand is null);
    }

    private async Task<FreedAnswer> DiscardAsync(ParkedSelection of, Hand? hand, CancellationToken cancellation)
    {
        var keys = (await freeing.KeysAsync(of, cancellation)).Count;
        var freed = hand is null ? (await list.ReasonsAsync(of, cancellation)).Sum(reason => reason.Count)
            : await freeing.DiscardAllAsync(of, hand, cancellation);
        return new(freed, keys, 0, [], hand is null);
    }

    private async Task<IResult> InTurnAsync(Func<Task<IResult>> work, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            return await work();
        }
        finally
        {
            _one.Release();
        }
    }

    private static ParkedEvent Shown(ParkedShown shown) => new(shown.Parked.Id, shown.Parked.Record.Topic,
        shown.Parked.Record.Partition, shown.Parked.Record.Position, Parked.KeyOf(shown.Parked.Record.Key), shown.Type,
        shown.Fields, shown.Parked.Reason, shown.Parked.Blocks, shown.Parked.ParkedAt);

    /// <summary>No column of PostgreSQL has what these may have in them.</summary>
    private static void RequireStorable(ParkedSelection of)
    {
        foreach (var (name, text, most) in new[] { ("topic", of.Topic, PlainText.MaxLength),
            ("key", of.Key, Parked.MaxKeyLength), ("reason", of.Reason, PlainText.MaxLength) })
            if (text is not null && PlainText.Problem(name, text, most) is { } problem)
                throw ProblemTypes.QueryNotUnderstood.Refused(problem);
    }
}
