using Checkout.LogTailer.Source;

namespace Checkout.LogTailer.Chain;

/// <summary>
/// Nothing is skipped on the word of a topic that the store does not know: a store that has not the last records'
/// events, or has others in their place, was restored or promoted behind its topic. Ids follow from the causes and not
/// from the outcome, so an event is known by its type and its body too.
/// </summary>
public static class Belonging
{
    /// <summary>PostgreSQL's log tells of a commit before other transactions see it; this passes by itself.</summary>
    private const string Unseen =
        ", or a synchronous standby does not answer and PostgreSQL shows its newest commits to nobody yet";

    /// <exception cref="PublicationStoppedException">It says which event the store has not.</exception>
    public static async Task MustBelongToAsync(StoreDatabase database, Head head, IReadOnlyList<PartitionEnd> ends,
        CancellationToken stop)
    {
        var published = ends.SelectMany(end => end.Last).ToList();
        var known = await database.EventsAtAsync([.. published.Select(e => e.Position).Distinct()], stop);
        foreach (var e in published)
        {
            var own = known.GetValueOrDefault(e.Position);
            if (own == e.Fingerprint) continue;
            throw new PublicationStoppedException(
                $"Topic {head.Topic} partition {e.Fingerprint.Partition} holds event {e.Fingerprint.EventId} "
                    + $"({e.Fingerprint.Type}) at position {e.Position}, and the store "
                    + $"{Has(own, e.Fingerprint, head)}: the store was restored or promoted behind its topic, or the "
                    + $"topic is another store's{(own is null ? Unseen : "")}. Complete the store from its "
                    + "topic by its service's command: refill --who NAME --why TEXT (docs/operating.md, "
                    + "\"A lost or old database\"). "
                    + "Do not make the topic anew: its readers have handled what the store lacks, and what the store "
                    + "tells next would get positions that they know already.");
        }
    }

    private static string Has(EventFingerprint? own, EventFingerprint its, Head head) => own switch
    {
        null => $"ends at position {head.Position}",
        _ when own with { BodyHash = its.BodyHash } == its => "has another body for it",
        _ => $"has event {own.EventId} ({own.Type}) of partition {own.Partition} there",
    };
}
