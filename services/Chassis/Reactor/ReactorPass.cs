using System.Collections.Concurrent;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.Inbox;
using Checkout.Chassis.Resilience;
using Checkout.Chassis.Telemetry;
using Checkout.Chassis.WireFormat;
using Microsoft.Extensions.Logging;
using Activity = System.Diagnostics.Activity;

namespace Checkout.Chassis.Reactor;

/// <summary>
/// What a pass did: how far the partitions have come, and where nothing was handled from some record on.
/// </summary>
/// <param name="Gaps">The partitions on which a record is missing, with the position that was handled last.</param>
/// <param name="Stops">The partitions whose next record can't be handled here and now.</param>
public sealed record PassResult(IReadOnlyDictionary<(string Topic, int Partition), Progress> Handled,
    IReadOnlyDictionary<(string Topic, int Partition), long> Gaps,
    IReadOnlyDictionary<(string Topic, int Partition), Stop> Stops);

/// <summary>How a pass treats its records.</summary>
/// <param name="Waits">Leaves a partition at a record whose own commit is not visible, in place of failing.</param>
/// <param name="ParkAs">Parks the records for this reason in place of handling them.</param>
public readonly record struct Treatment(bool Waits = false, string? ParkAs = null);

/// <summary>
/// One pass: a batch of records, handled in one transaction. Knows nothing of polling, time-outs and outages; those are
/// ReactorLoop's and Handling's.
/// </summary>
public sealed class ReactorPass<TRows>(
    Choreography<TRows> choreography, Decoder<TRows> decoder, Transactions<TRows> transactions,
    ReactorOptions options, ReactorTelemetry telemetry, ClockSkew skew, TimeProvider time,
    ILogger<ReactorPass<TRows>> logger)
{
    private readonly IReadOnlyList<string> _reactions = [.. choreography.Reactions.Select(r => r.Name)];
    // Types of event that were passed over where there is no chain: the first of each is said.
    private readonly ConcurrentDictionary<(string Topic, string Type), bool> _saidOf = new();
    private readonly Patience _schemas = new(options.LongestWait, time);
    private readonly Patience _commits = new(options.LongestWait, time);

    /// <summary>
    /// Handles the records exactly once: all that it does is durable when it returns, and nothing is if it throws.
    /// </summary>
    public async Task<PassResult> RunAsync(IReadOnlyList<Incoming> records, Treatment treatment,
        CancellationToken cancellation)
    {
        var decoded = new Decoded<TRows>[records.Count];
        for (var i = 0; i < decoded.Length; i++)
            decoded[i] = treatment.ParkAs is { } reason
                ? new(records[i], null, null, reason) : await decoder.DecodeAsync(records[i], cancellation);

        using var batch = telemetry.StartBatch(decoded.Where(d => d.IsOurs).Select(d => d.Record));
        return await transactions.RunAsync(async (transaction, token) =>
        {
            var spans = new List<Activity>();
            try
            {
                return await RunAsync(transaction, decoded, treatment.Waits, spans, token);
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

    private async Task<PassResult> RunAsync(Transaction<TRows> transaction, Decoded<TRows>[] decoded, bool waits,
        List<Activity> spans, CancellationToken cancellation)
    {
        // Read for all that may be due. The locks of handled come first, also where there is no chain: they keep other
        // instances and redrive out.
        var due = new Dictionary<Decoded<TRows>, Due>(ReferenceEqualityComparer.Instance);
        foreach (var ours in decoded.Where(d => d.IsOurs))
            due[ours] = new(ours.ToWork(transaction.Now, out var fault), fault);
        var locked = Inbox.Handled.Lock(transaction.Reads, decoded.Select(d => (d.Record.Topic, d.Record.Partition)));
        var others = Reactions.Others(transaction.Reads, decoded.Where(d => d is { IsOurs: false, Type: not null })
            .Select(d => (d.Record.Topic, d.Type!)), _reactions);
        var blocked = Parked.Keys(transaction.Reads, due.Keys.Where(d => Blocks(d.Record))
            .Select(d => (d.Record.Topic, d.Record.Key)));
        await transaction.LoadForAsync(due.Values.Select(d => d.Work).OfType<Work<TRows>>().ToList(), cancellation);

        var successors = new Successors<TRows>(choreography, locked, telemetry.Seen);
        var outcomes = new List<Outcome>();
        var passedOver = new List<Decoded<TRows>>();
        foreach (var next in successors.Of(decoded))
            if (StopAt(next, others) is { } stop)
                successors.Stop(next.Record, stop.Reason, stop.Sentence);
            else if (!next.IsOurs) passedOver.Add(next);
            else if (React(transaction, next.Record, due[next], blocked, spans, waits, outcomes) is { } invisible)
                successors.Stop(next.Record, StopReason.Waits, invisible);

        Parked.Add(transaction.Writes, outcomes.Select(outcome => outcome.Parked).OfType<ToPark>().ToList());
        Inbox.Handled.Advance(transaction.Writes, successors.Advanced);
        await transaction.CommitAsync(cancellation);

        // Only now: a batch that was rolled back and tried again is counted and told once.
        foreach (var outcome in outcomes) Tell(outcome);
        if (!waits) Compare(successors.Taken);
        foreach (var passed in passedOver) TellPassedOver(passed);
        var handled = locked.ToDictionary(partition => partition.Key, partition =>
            successors.Advanced.TryGetValue(partition.Key, out var moved) ? moved : partition.Value);
        return new(handled, successors.Gaps, successors.Stops);
    }

    /// <summary>
    /// A record that is no link of the chain stands alone, one without a key is nobody's, and facts without a chain
    /// commute: none of them may hold up others.
    /// </summary>
    private bool Blocks(Incoming record) => record is { HasChain: true, HasKey: true }
        && choreography.IsChained(record.Topic);

    private (StopReason Reason, string Sentence)? StopAt(Decoded<TRows> next,
        IReadOnlyDictionary<(string Topic, string Type), string> others)
    {
        var record = next.Record;
        if (!next.IsOurs && next.Type is { } type && others.TryGetValue((record.Topic, type), out var name))
            return (StopReason.HandedBack,
                $"reaction {name} to {type} of {record.Topic} is not in this version, and another version of the "
                + "service had it: run that version, or take the reaction out for good with retire-reaction");
        return next.MayBeReadLater && !_schemas.IsOver(record.Topic) ? (StopReason.Waits, next.Fault!) : null;
    }

    /// <summary>
    /// Decides on a record, or parks it: behind an earlier one of its key, or for a fault of its own. Of one whose
    /// decision threw both are told.
    /// </summary>
    /// <returns>Null, or what is not visible yet: then nothing came of the record.</returns>
    private string? React(Transaction<TRows> transaction, Incoming record, Due due,
        HashSet<(string Topic, string Key)> blocked, List<Activity> spans, bool waits, List<Outcome> outcomes)
    {
        var key = (record.Topic, Parked.KeyOf(record.Key));
        var blocks = Blocks(record);
        var reason = blocks && blocked.Contains(key) ? Parked.BehindAnother : due.Fault;
        if (reason is null)
        {
            var span = telemetry.StartProcess(record);
            if (span is not null) spans.Add(span);
            var work = due.Work! with { Span = span };
            try
            {
                transaction.Decide(work);
                outcomes.Add(new(record, work, Parked: null));
                reason = work.FaultText;
            }
            catch (NotYetVisibleException e) when (waits)
            {
                if (span is not null) ReactorTelemetry.Forget([span]);
                if (!_commits.IsOver(record.Topic)) return e.Message;
                reason = $"{nameof(NotYetVisibleException)}: {e.Message}";
            }
        }
        if (reason is null) return null;
        if (blocks) blocked.Add(key);
        outcomes.Add(new(record, Decided: null, new(record, reason, blocks)));
        return null;
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

    private void Compare(IEnumerable<Incoming> taken)
    {
        foreach (var record in taken)
            if (record.Lateness is { } lateness && record.Header(EventHeaders.Source) is { } source)
                skew.Observe(source, lateness);
    }

    /// <summary>
    /// On a chain it is what others told others, and was counted when it was taken; where there is none somebody meant
    /// it for this service, or so it may be.
    /// </summary>
    private void TellPassedOver(Decoded<TRows> passed)
    {
        var record = passed.Record;
        if (passed.IsForeign)
        {
            telemetry.Foreign(record.Topic);
            Log.Foreign(logger, record.Topic, record.Partition, record.Offset);
        }
        else if (!choreography.IsChained(record.Topic))
        {
            telemetry.Passed(record.Topic);
            if (_saidOf.TryAdd((record.Topic, passed.Type!), true))
                Log.PassedOver(logger, record.Topic, record.Partition, record.Offset, passed.Type!);
        }
    }
}
