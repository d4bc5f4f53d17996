using System.Text.Json.Nodes;
using Checkout.Chassis.Edge.Describing;
using Checkout.Chassis.State;
using Checkout.Contracts;
using Checkout.Observer.Asking;
using Checkout.Observer.Auditing;
using Checkout.Observer.Reading;
using Npgsql;

namespace Checkout.Observer.Looking;

public sealed record LookedEvent(
    [property: Field("What happened.", Example = "BalanceDeducted")] string Event,
    [property: Field("Whose word it is.", Example = "balance")] string Service,
    [property: Field("When, by that service's clock.", Example = "2026-01-02T03:04:05.678901Z")] DateTime At,
    [property: Field("Milliseconds since what it follows from; below 0 where two clocks differ; null for the first.",
        Example = 12)] double? AfterMs,
    [property: Field("Its topic.", Example = "balance.accounts")] string Topic,
    [property: Field("Its partition.", Example = 3)] int Partition,
    [property: Field("Its position in its store.", Example = 17)] long Position,
    [property: Field("Its id.", Example = "01981c5e-8f6a-7c3b-9d2e-4f1a6b8c0d2e")] Guid EventId,
    [property: Field("The event that it follows from.", Example = "01981c5e-8f6a-7c3b-9d2e-4f1a6b8c0d2f")]
    Guid? CauseId,
    [property: Field("Its fields; null where it can't be decoded.")] JsonObject? Fields);

public sealed record CheckoutLookAnswer(
    [property: Field("Which checkout.", Example = "01981c5e-8f6a-7c3b-9d2e-4f1a6b8c0d2e")] Guid CheckoutId,
    [property: Field("Whose.", Example = "player-1")] string? CustomerId,
    [property: Field("What of.", Example = "gorilla")] string? Sku,
    [property: Field("For so many coins.", Example = 500)] long? PriceCoins,
    [property: Field("pending, funded, refundDue, completed, failed or refunded.", Example = "funded")] string State,
    [property: Field("Why it failed.", Example = "SOLD_OUT")] string? Reason,
    [property: Field("The service whose event is due; null where it has ended.", Example = "inventory")]
    string? WaitsFor,
    [property: Field("From when on it is refused.", Example = "2026-01-02T03:09:05.678901Z")] DateTime? ExpiresAt,
    [property: Field("What is to come; alternatives in one line.")] IReadOnlyList<string> ToCome,
    [property: Field("What it waits for, by name; empty where it has ended.")] IReadOnlyList<Blocker> BlockedBy,
    [property: Field("What happened, in the order in which one led to the other.")]
    IReadOnlyList<LookedEvent> Events,
    [property: Field("What can't be, if the system is right.")] IReadOnlyList<string> Violations,
    [property: Field("Its trace, where the settings say where traces are.",
        Example = "http://localhost:16686/trace/4bf92f3577b34da6a3ce929d0e0e4736")] string? TraceUrl);

/// <summary>Everything that is known of one checkout.</summary>
public sealed class CheckoutLook(NpgsqlDataSource database, Processes processes, ObserverOptions options,
    TimeProvider time)
{
    private const int MostEvents = 100;

    private static readonly Dictionary<string, string> TopicOf = new()
    {
        ["store"] = Topics.StoreCheckouts,
        ["balance"] = Topics.BalanceAccounts,
        ["inventory"] = Topics.InventoryAvatars,
    };

    /// <summary>Null where no event of it was read.</summary>
    public async Task<CheckoutLookAnswer?> LookAsync(Guid checkoutId, CancellationToken cancellation)
    {
        Story? story = null;
        List<SeenEvent> events = [];
        List<string> violations = [];
        var trip = new RoundTrip();
        StoryRows.Read(trip, [checkoutId], found => story = found);
        SeenEvent.OfCheckout(trip, checkoutId, MostEvents, events.Add);
        trip.Read("SELECT what FROM violations WHERE subject = $1 ORDER BY id", row => violations.Add(row.GetString(0)),
            RoundTrip.Value($"{checkoutId}"));
        await using (var connection = await database.OpenConnectionAsync(cancellation))
            await trip.RunAsync(connection, cancellation);
        if (story is null && events.Count == 0) return null;
        story ??= new(checkoutId);
        var ordered = CausalOrder.Of(events);
        return new(checkoutId, story.CustomerId, story.Sku, story.PriceCoins, story.State, story.Reason,
            story.WaitsFor, story.ExpiresAt, ToCome(story), await BlockedByAsync(story, ordered, cancellation),
            [.. ordered.Select(e => Looked(e, ordered))], violations, TraceOf(ordered));
    }

    /// <summary>
    /// Why nothing may be known, as an end of a sentence: it may be in a store, and not on its topic.
    /// </summary>
    public string Unpublished()
    {
        var head = processes.Of("store").Select(answer => (long?)answer.Head.Position).Max();
        return processes.PublisherOf(Topics.StoreCheckouts) is { } tail && !(tail.Acknowledged >= head)
            ? $"; LogTailer has not published position {(tail.Acknowledged ?? 0) + 1} of {Topics.StoreCheckouts} "
                + $"({tail.State}), and the store is at {head}" : "";
    }

    private async Task<IReadOnlyList<Blocker>> BlockedByAsync(Story story, List<SeenEvent> events,
        CancellationToken cancellation)
    {
        if (story.WaitsFor is not { } who || Blocking.Trigger(who, events) is not { } trigger) return [];
        var parked = await processes.ParkedAtAsync(who, trigger.Topic, trigger.Position, cancellation);
        return Blocking.Of(story, who, trigger, TopicOf[who], processes, parked, time.GetUtcNow().UtcDateTime);
    }

    private static LookedEvent Looked(SeenEvent e, List<SeenEvent> all) => new(e.Name, e.Service, e.At,
        all.Find(cause => cause.EventId == e.CauseId) is { } cause ? (e.At - cause.At).TotalMilliseconds : null,
        e.Topic, e.Partition, e.Position, e.EventId, e.CauseId, e.Fields);

    private static IReadOnlyList<string> ToCome(Story story) => story.State switch
    {
        _ when story.HasEnded => [],
        _ when story.Has(Steps.Assigned) => ["CheckoutCompleted"],
        _ when story.Has(Steps.DeductionRejected) => ["CheckoutFailed"],
        _ when story.Has(Steps.CoinsBack) => story.Has(Steps.Failed) ? ["CheckoutRefunded"]
            : ["CheckoutFailed", "CheckoutRefunded"],
        _ when story.Has(Steps.AssignmentRejected) => ["BalanceRefunded", "CheckoutRefunded"],
        "funded" => ["AvatarAssigned or AssignmentRejected", "CheckoutCompleted or CheckoutRefunded"],
        _ => ["BalanceDeducted or DeductionRejected", "AvatarAssigned or AssignmentRejected",
            "CheckoutCompleted, CheckoutFailed or CheckoutRefunded"],
    };

    private string? TraceOf(List<SeenEvent> events) =>
        options.TraceUrl is { } url && events.Find(e => e.TraceId is not null)?.TraceId is { } id
            && id.All(char.IsAsciiHexDigit)
            ? url.Replace(ObserverOptions.TracePlace, id, StringComparison.Ordinal) : null;
}
