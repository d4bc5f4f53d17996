using Checkout.Chassis.Choreography;
using Checkout.Chassis.Inbox;
using Checkout.Chassis.Telemetry;
using Checkout.Chassis.WireFormat;
using Microsoft.Extensions.Logging;
using Activity = System.Diagnostics.Activity;

namespace Checkout.Chassis.Reactor;

/// <summary>
/// What a pass did: how far the chains have come, and the partitions on which a record is missing (with the position
/// that was handled last).
/// </summary>
public sealed record PassResult(IReadOnlyDictionary<(string Topic, int Partition), long> Handled,
    IReadOnlyDictionary<(string Topic, int Partition), long> Gaps);

/// <summary>
/// One pass: a batch of records, handled in one transaction. Knows nothing of polling, time-outs and outages; those are
/// ReactorLoop's and Handling's.
/// </summary>
public sealed class ReactorPass<TRows>(
    Choreography<TRows> choreography, Decoder<TRows> decoder, Transactions<TRows> transactions,
    ReactorTelemetry telemetry, ILogger<ReactorPass<TRows>> logger)
{
    /// <summary>
    /// Handles the records exactly once: all that it does is durable when it returns, and nothing is if it throws.
    /// </summary>
    /// <param name="parkAs">Parks the records for this reason in place of handling them.</param>
    public async Task<PassResult> RunAsync(IReadOnlyList<Incoming> records, string? parkAs,
        CancellationToken cancellation)
    {
        var decoded = new Decoded<TRows>[records.Count];
        for (var i = 0; i < decoded.Length; i++)
            decoded[i] = parkAs is null
                ? await decoder.DecodeAsync(records[i], cancellation) : new(records[i], null, null, parkAs);

        using var batch = telemetry.StartBatch(decoded.Where(d => d.IsOurs).Select(d => d.Record));
        return await transactions.RunAsync(async (transaction, token) =>
        {
            var spans = new List<Activity>();
            try
            {
                return await RunAsync(transaction, decoded, spans, token);
            }
            catch
            {
                ReactorTelemetry.Forget(spans);
                throw;
            }
            finally
            {
                foreach (var span in spans) span.Dispose();
            }
        }, cancellation);
    }

    private async Task<PassResult> RunAsync(Transaction<TRows> transaction, Decoded<TRows>[] decoded,
        List<Activity> spans, CancellationToken cancellation)
    {
        // Read for all that may be due. The locks of handled come first, also where there is no chain: they keep other
        // instances and redrive out.
        var due = new Dictionary<Decoded<TRows>, Due>(ReferenceEqualityComparer.Instance);
        foreach (var ours in decoded.Where(d => d.IsOurs))
            due[ours] = new(ours.ToWork(transaction.Now, out var fault), fault);
        var locked = Inbox.Handled.Lock(transaction.Reads, decoded.Select(d => (d.Record.Topic, d.Record.Partition)));
        var blocked = Parked.Keys(transaction.Reads, due.Keys.Select(d => (d.Record.Topic, d.Record.Key)));
        await transaction.LoadAsync(due.Values.Select(d => d.Work?.Step).OfType<object>(), cancellation);

        var handled = new Dictionary<(string Topic, int Partition), long>(locked);
        var advanced = new Dictionary<(string, int), long>();
        var (taken, gaps) = Successors(decoded, handled, advanced);
        var outcomes = taken.Where(d => d.IsOurs).SelectMany(d => React(transaction, d.Record, due[d], blocked, spans))
            .ToList();

        Parked.Add(transaction.Writes, outcomes.Select(outcome => outcome.Parked).OfType<ToPark>().ToList());
        Inbox.Handled.Advance(transaction.Writes, advanced);
        await transaction.CommitAsync(cancellation);

        // Only now: a batch that was rolled back and tried again is counted and told once.
        foreach (var outcome in outcomes) Tell(outcome);
        foreach (var (partition, position) in advanced) handled[partition] = position;
        return new(handled, gaps);
    }

    /// <summary>
    /// Those that are the next of their chain, in order; what was seen before is left out, and from a gap on everything
    /// of that partition.
    /// </summary>
    internal (List<Decoded<TRows>> Next, Dictionary<(string, int), long> Gaps) Successors(
        IEnumerable<Decoded<TRows>> batch, Dictionary<(string Topic, int Partition), long> handled,
        Dictionary<(string, int), long> advanced)
    {
        var taken = new List<Decoded<TRows>>();
        var gaps = new Dictionary<(string, int), long>();
        foreach (var decoded in batch)
        {
            var record = decoded.Record;
            var partition = (record.Topic, record.Partition);
            if (!choreography.IsChained(record.Topic) || !record.HasChain)
            {
                taken.Add(decoded);
                continue;
            }
            var last = advanced.TryGetValue(partition, out var moved) ? moved : handled[partition];
            switch (Chain.Place(record.Position, record.Previous!.Value, last))
            {
                case Link.Next:
                    taken.Add(decoded);
                    advanced[partition] = record.Position;
                    gaps.Remove(partition);
                    break;
                case Link.Gap:
                    gaps[partition] = last;
                    break;
                default:
                    telemetry.Seen(record.Topic);
                    break;
            }
        }
        return (taken, gaps);
    }

    /// <summary>
    /// Decides on a record, or parks it: behind an earlier one of its key, or for a fault of its own. Of one whose
    /// decision threw both are told.
    /// </summary>
    private IEnumerable<Outcome> React(Transaction<TRows> transaction, Incoming record, Due due,
        HashSet<(string Topic, string Key)> blocked, List<Activity> spans)
    {
        var reason = blocked.Contains((record.Topic, record.Key)) ? Parked.BehindAnother : due.Fault;
        if (reason is null)
        {
            var span = telemetry.StartProcess(record);
            if (span is not null) spans.Add(span);
            var work = due.Work! with { Span = span };
            transaction.Decide(work);
            yield return new(record, work, Parked: null);
            reason = work.FaultText;
        }
        if (reason is null) yield break;
        // A record that is no link of the chain stands alone: it must not hold up the key it claims.
        var blocks = record.HasChain || !choreography.IsChained(record.Topic);
        if (blocks) blocked.Add((record.Topic, record.Key));
        yield return new(record, Decided: null, new(record, reason, blocks));
    }

    /// <summary>What is due for a record: work, or a fault.</summary>
    private sealed record Due(Work<TRows>? Work, string? Fault);

    /// <summary>What became of a record: it was decided on, or parked.</summary>
    private sealed record Outcome(Incoming Record, Work<TRows>? Decided, ToPark? Parked);

    private void Tell(Outcome outcome)
    {
        var record = outcome.Record;
        if (outcome.Parked is { } parked)
        {
            telemetry.Parked(record.Topic);
            Log.Parked(logger, record.Topic, record.Partition, record.Position, parked.Reason);
        }
        if (outcome.Decided is not { } work) return;
        telemetry.Decided(work.Span, record,
            work.Events.Count > 0 ? choreography.Describe(work.Events[0]).Correlation(work.Events[0]) : null,
            work.FaultText);
        if (work.Fault is not null) return;
        using (ReactorTelemetry.Within(work.Span))
            Log.Reacted(logger, work.Reaction, record.Topic, record.Position, record.Header(EventHeaders.Correlation),
                work.Events.Count);
    }
}
