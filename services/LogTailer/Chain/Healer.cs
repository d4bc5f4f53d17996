using Checkout.LogTailer.Sink;
using Checkout.LogTailer.Source;

namespace Checkout.LogTailer.Chain;

/// <summary>
/// Publishes from the store, in order, what the topic does not hold: after a lost slot, a lost topic, or a broker that
/// forgot.
/// </summary>
public sealed class Healer(StoreDatabase database, SuccessorRule rule, IPublisher publisher)
{
    /// <summary>
    /// Brings every partition up to the store's head as it is now; returns how many events were published.
    /// </summary>
    public async Task<long> HealAsync(Head head, CancellationToken stop)
    {
        var behind = Enumerable.Range(0, head.Partitions).Where(p => rule.Last(p) < head.Last[p]).ToArray();
        var healed = behind.Length == 0 ? 0 : await PublishAsync(head, behind, stop);
        publisher.Reached(head.Position);
        return healed;
    }

    private async Task<long> PublishAsync(Head head, int[] behind, CancellationToken stop)
    {
        long healed = 0;
        var after = behind.Min(rule.Last);
        var reading = ReadAsync(after, head.Position, behind, stop);
        while (after < head.Position)
        {
            var page = await reading;
            after = page.Through;
            // The next page is read while this one is sent; no statement stays open while the brokers are waited for.
            reading = ReadAsync(after, head.Position, behind, stop);
            foreach (var e in page.Events) healed += await PublishAsync(e, stop);
        }
        await reading;
        return healed;
    }

    private Task<StorePage> ReadAsync(long after, long through, int[] partitions, CancellationToken stop) =>
        after < through
            ? Task.Run(() => database.PageAsync(after, through, partitions, stop), stop)
            : Task.FromResult(StorePage.Empty);

    private ValueTask<int> PublishAsync(StoredEvent e, CancellationToken stop)
    {
        var step = rule.Judge(e.Partition, e.Position, e.Previous);
        if (step == Step.Skip) return new(0);
        if (step != Step.Publish) throw Broken(e, rule);
        rule.Advance(e.Partition, e.Position);
        var sent = publisher.PublishAsync(e, null, stop);
        return sent.IsCompletedSuccessfully ? new(1) : AwaitedAsync(sent);
    }

    private static async ValueTask<int> AwaitedAsync(ValueTask sent)
    {
        await sent;
        return 1;
    }

    public static PublicationStoppedException Broken(StoredEvent e, SuccessorRule rule) => new(
        $"Event {e.EventId} at position {e.Position} follows position {e.Previous} on partition {e.Partition}, and "
            + $"the topic's last is {rule.Last(e.Partition)}: the topic holds another history than the store. Complete "
            + "the store from its topic by its service's command: refill --who NAME --why TEXT (docs/operating.md, "
            + "\"A lost or old database\"); making the topic anew would give its readers positions that they know "
            + "already.");
}
