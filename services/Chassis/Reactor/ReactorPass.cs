using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Telemetry;
using Microsoft.Extensions.Logging;
using Npgsql;
using Activity = System.Diagnostics.Activity;

namespace Checkout.Chassis.Reactor;

/// <summary>What a pass did: how far the chains have come, and the partitions on which a record is missing (with the position that was handled last).</summary>
public sealed record PassResult(IReadOnlyDictionary<(string Topic, int Partition), long> Handled, IReadOnlyDictionary<(string Topic, int Partition), long> Gaps);

/// <summary>One pass: a batch of records, handled in one transaction. Knows nothing of polling, time-outs and retries; those are ReactorLoop's.</summary>
public sealed class ReactorPass<TCommand>(
    Choreography<TCommand> choreography, Func<IStateBatch<TCommand>> newStates, Decoder<TCommand> decoder, EventStoreOptions store,
    NpgsqlDataSource database, ReactorTelemetry telemetry, TimeProvider time, ILogger<ReactorPass<TCommand>> logger)
{
    private readonly Decisions<TCommand> _decisions = new(choreography, store.MaxEventBytes);

    /// <summary>Handles the records exactly once: all that it does is durable when it returns, and nothing is if it throws.</summary>
    /// <param name="parkAs">Parks the records for this reason in place of handling them.</param>
    public async Task<PassResult> RunAsync(IReadOnlyList<Incoming> records, string? parkAs, CancellationToken cancellation)
    {
        var decoded = new Decoded<TCommand>[records.Count];
        for (var i = 0; i < decoded.Length; i++)
            decoded[i] = parkAs is null ? await decoder.DecodeAsync(records[i], cancellation) : new(records[i], null, null, parkAs);

        using var batch = telemetry.StartBatch(decoded.Where(d => d.IsOurs).Select(d => d.Record));
        var spans = new List<Activity>();
        var outcomes = new List<Outcome>();
        try
        {
            await using var connection = await database.OpenConnectionAsync(cancellation);
            await using var transaction = await connection.BeginTransactionAsync(cancellation);

            // The first lock, also where there is no chain: it keeps other instances and redrive out of these partitions.
            var handled = await Handled.LockAsync(connection, records.Select(r => (r.Topic, r.Partition)).Distinct().ToList(), cancellation);
            var advanced = new Dictionary<(string, int), long>();
            var (taken, gaps) = Successors(decoded, handled, advanced);

            await ReactAsync(connection, taken.Where(d => d.IsOurs).ToList(), advanced, spans, outcomes, cancellation);
            await transaction.CommitAsync(cancellation);

            // Only now: a batch that was rolled back and tried again is counted and told once.
            foreach (var outcome in outcomes) Tell(outcome);
            foreach (var (partition, position) in advanced) handled[partition] = position;
            return new(handled, gaps);
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
    }

    /// <summary>Those that are the next of their chain, in order; what was seen before is left out, and from a gap on everything of that partition.</summary>
    internal (List<Decoded<TCommand>> Taken, Dictionary<(string, int), long> Gaps) Successors(
        IEnumerable<Decoded<TCommand>> batch, Dictionary<(string Topic, int Partition), long> handled, Dictionary<(string, int), long> advanced)
    {
        var taken = new List<Decoded<TCommand>>();
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

    private async Task ReactAsync(
        NpgsqlConnection connection, List<Decoded<TCommand>> due, Dictionary<(string, int), long> advanced, List<Activity> spans, List<Outcome> outcomes,
        CancellationToken cancellation)
    {
        var parked = new List<ToPark>();
        var appended = new List<NewEvent>();
        IStateBatch<TCommand>? states = null;
        if (due.Count > 0)
        {
            var keys = due.Select(d => (d.Record.Topic, d.Record.Key)).Distinct().ToList();
            var blocked = await Parked.KeysAsync(connection, keys, cancellation);
            var now = Microseconds(time.GetUtcNow().UtcDateTime);
            var works = due.Select(d => (d.Record, Work: WorkOf(d, now, out var fault), Fault: fault)).ToList();

            states = newStates();
            foreach (var (_, work, _) in works)
                if (work is not null) states.Need(work.Command);
            await states.LoadAsync(connection, cancellation);

            foreach (var (record, work, fault) in works)
            {
                var key = (record.Topic, record.Key);
                var reason = blocked.Contains(key) ? Parked.BehindAnother : fault;
                if (reason is null) appended.AddRange(Decide(states, record, work!, now, spans, outcomes, out reason));
                if (reason is null) continue;
                // A record that is no link of the chain stands alone: it must not hold up the key it claims.
                var blocks = record.HasChain || !choreography.IsChained(record.Topic);
                if (blocks) blocked.Add(key);
                parked.Add(new(record, reason, blocks));
                outcomes.Add(new(record, null, 0, reason));
            }
            await Parked.AddAsync(connection, parked, cancellation);
            await states.SaveAsync(connection, cancellation);
        }
        if (advanced.Count > 0) await Handled.AdvanceAsync(connection, advanced, cancellation);
        await EventLog.AppendAsync(connection, appended, cancellation);
    }

    private IReadOnlyList<NewEvent> Decide(
        IStateBatch<TCommand> states, Incoming record, Work<TCommand> work, DateTime now, List<Activity> spans, List<Outcome> outcomes, out string? fault)
    {
        var span = telemetry.StartProcess(record);
        if (span is not null) spans.Add(span);
        work = work with { Span = span };
        var events = _decisions.Run(states, work, now);
        fault = work.Fault is { } thrown ? $"{work.Reaction} threw {thrown.GetType().Name}: {thrown.Message}" : null;
        outcomes.Add(new(record, work, events.Count, fault));
        return events;
    }

    /// <summary>What became of a record: it was decided on, or parked; of one whose decision threw there are two.</summary>
    private sealed record Outcome(Incoming Record, Work<TCommand>? Decided, int Events, string? Fault);

    private void Tell(Outcome outcome)
    {
        var record = outcome.Record;
        if (outcome.Decided is { } work)
        {
            telemetry.Decided(work.Span, record, work.Events.Count > 0 ? choreography.Describe(work.Events[0]).Correlation(work.Events[0]) : null, outcome.Fault);
            if (outcome.Fault is not null) return;
            using (ReactorTelemetry.Within(work.Span))
                Log.Reacted(logger, work.Reaction, record.Topic, record.Position, record.Header(WireFormat.EventHeaders.Correlation), outcome.Events);
            return;
        }
        telemetry.Parked(record.Topic);
        Log.Parked(logger, record.Topic, record.Partition, record.Position, outcome.Fault!);
    }

    internal static Work<TCommand>? WorkOf(Decoded<TCommand> decoded, DateTime now, out string? fault)
    {
        fault = decoded.Fault;
        if (!decoded.IsOurs || fault is not null) return null;
        try
        {
            var record = decoded.Record;
            var reaction = decoded.Reaction!;
            var context = ContextOf(decoded, now);
            var seed = reaction.BusinessKey is { } key ? EventIds.OfBusinessKey(reaction.Name, key(decoded.Event!)) : context.EventId;
            return new(reaction.ToCommand(decoded.Event!, context), seed, reaction.Name, context.EventId)
            {
                TraceParent = record.Header(WireFormat.EventHeaders.TraceParent),
                TraceState = record.Header(WireFormat.EventHeaders.TraceState),
            };
        }
        catch (Exception thrown) when (thrown is not OutOfMemoryException)
        {
            fault = $"{decoded.Reaction!.Name} threw {thrown.GetType().Name}: {thrown.Message}";
            return null;
        }
    }

    /// <summary>Every event carries its id and time in its fields; the headers of a topic without a chain are whatever its producer gave.</summary>
    private static EventContext ContextOf(Decoded<TCommand> decoded, DateTime now)
    {
        var schema = (Avro.RecordSchema)decoded.Event!.Schema;
        var eventId = (Guid)decoded.Event.Get(schema["eventId"].Pos);
        var occurredAt = (DateTime)decoded.Event.Get(schema["occurredAt"].Pos);
        return new(eventId, schema.Fullname, decoded.Record.Header(WireFormat.EventHeaders.Source) ?? decoded.Record.Topic, occurredAt, now);
    }

    internal static DateTime Microseconds(DateTime time) => new(time.Ticks - time.Ticks % TimeSpan.TicksPerMicrosecond, DateTimeKind.Utc);
}
