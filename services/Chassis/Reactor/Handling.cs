using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Inbox;
using Checkout.Chassis.Resilience;
using Checkout.Chassis.State;
using Checkout.Chassis.Telemetry;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Npgsql;
using Polly;

namespace Checkout.Chassis.Reactor;

/// <summary>
/// Brings a batch to its end whatever comes between: outages are waited out, the record at fault is found and parked.
/// </summary>
public sealed class Handling<TRows>(
    Choreography<TRows> choreography, ReactorPass<TRows> pass, NpgsqlDataSource database, ReactorState state,
    StoreHold hold, TimeProvider time, ILogger<Handling<TRows>> logger)
{
    private readonly ResiliencePipeline _outages = Outage.WaitedOut((e, delay) =>
    {
        state.Fail(e.Message);
        Log.Outage(logger, e.Message, delay.TotalMilliseconds);
    }, time, e => Outage.IsOutage(e) || Outage.IsOfTheDatabase(e));

    private bool _someWait;

    public async Task<PassResult> HandleAsync(IReadOnlyList<Incoming> records, CancellationToken cancellation)
    {
        await hold.ReleasedAsync(cancellation);
        var result = await HandledAsync(records, cancellation);
        _someWait = result.Stops.Values.Any(stop => stop.Reason == StopReason.Waits);
        return result;
    }

    /// <summary>
    /// How far partitions were handled by any instance; those that never were are left out, but 0 in a store that was
    /// refilled, since they were by the one that was lost.
    /// </summary>
    public async Task<IReadOnlyDictionary<TopicPartition, long>> PositionsAsync(IReadOnlyList<TopicPartition> of,
        CancellationToken cancellation)
    {
        var positions = new Dictionary<TopicPartition, long>();
        await AskAsync(trip =>
        {
            trip.Read("SELECT FROM refills WHERE id > 0 LIMIT 1", _ => { foreach (var p in of) positions[p] = 0; });
            Handled.Read(trip, of.Select(p => (p.Topic, p.Partition.Value)),
                (topic, partition, position) => positions[new(topic, partition)] = position);
        }, cancellation);
        return positions;
    }

    /// <summary>Says that this version reads its topics: no other will pass over what it reacts to.</summary>
    public Task KeepReactionsAsync(CancellationToken cancellation) =>
        AskAsync(trip => Reactions.Keep(trip, [.. choreography.Reactions]), cancellation);

    /// <summary>The topics among these to whose events no reaction is missing here (any more).</summary>
    public async Task<IReadOnlyList<string>> NotLackingAsync(IReadOnlyCollection<string> topics,
        CancellationToken cancellation)
    {
        var lacking = new HashSet<string>();
        await AskAsync(trip => Reactions.Lacking(trip, topics, choreography.Reactions.Select(r => r.Name),
            topic => lacking.Add(topic)), cancellation);
        return [.. topics.Where(topic => !lacking.Contains(topic))];
    }

    private async Task<PassResult> HandledAsync(IReadOnlyList<Incoming> records, CancellationToken cancellation)
    {
        try
        {
            return await WaitingAsync(records, cancellation);
        }
        catch (Exception fault) when (Outage.IsFaultOfData(fault))
        {
            // One record is tried again as well: a fault of its own comes again, one of the client library does not
            // (seen where a right was given back: "Received unexpected backend message", Npgsql 10.0.3).
            Log.OneByOne(logger, records.Count, fault.Message);
            return await OneByOneAsync(records, cancellation);
        }
    }

    /// <summary>What is not visible yet is waited for.</summary>
    private async Task<PassResult> WaitingAsync(IReadOnlyList<Incoming> records, CancellationToken cancellation)
    {
        try
        {
            return await TryAsync(records, new(Waits: _someWait), cancellation);
        }
        catch (NotYetVisibleException)
        {
            return await TryAsync(records, new(Waits: true), cancellation);
        }
    }

    private async Task<PassResult> AloneAsync(Incoming record, CancellationToken cancellation)
    {
        try
        {
            return await WaitingAsync([record], cancellation);
        }
        catch (Exception fault) when (Outage.IsFaultOfData(fault))
        {
            return await ParkAsync(record, $"{fault.GetType().Name}: {fault.Message}", cancellation);
        }
    }

    private async Task<PassResult> OneByOneAsync(IReadOnlyList<Incoming> records, CancellationToken cancellation)
    {
        var handled = new Dictionary<(string, int), Progress>();
        var gaps = new Dictionary<(string, int), long>();
        var stops = new Dictionary<(string, int), Stop>();
        foreach (var record in records.Where(record => !stops.ContainsKey((record.Topic, record.Partition))))
        {
            var result = await AloneAsync(record, cancellation);
            foreach (var (partition, progress) in result.Handled)
            {
                handled[partition] = progress;
                gaps.Remove(partition);
            }
            foreach (var (partition, position) in result.Gaps) gaps[partition] = position;
            foreach (var (partition, stop) in result.Stops) stops[partition] = stop;
        }
        return new(handled, gaps, stops);
    }

    /// <summary>
    /// What is at fault may be at fault as a parked record too: then the bare fact that it came is kept, so that it
    /// stops nobody; its bytes are on the topic.
    /// </summary>
    private async Task<PassResult> ParkAsync(Incoming record, string reason, CancellationToken cancellation)
    {
        try
        {
            return await TryAsync([record], new(ParkAs: reason), cancellation);
        }
        catch (Exception fault) when (Outage.IsFaultOfData(fault))
        {
            Log.ParkedBare(logger, record.Topic, record.Partition, record.Position, fault.Message);
            var bare = record with
            {
                Key = "",
                HasKey = false,
                Value = null,
                Headers = new Dictionary<string, string>(),
            };
            return await TryAsync([bare], new(ParkAs: "it could not be handled, nor parked as it is"), cancellation);
        }
    }

    private async Task<PassResult> TryAsync(IReadOnlyList<Incoming> records, Treatment treatment,
        CancellationToken cancellation)
    {
        var result = await _outages.ExecuteAsync(async token => await pass.RunAsync(records, treatment, token),
            cancellation);
        state.Succeed();
        return result;
    }

    private async Task AskAsync(Action<RoundTrip> ask, CancellationToken cancellation) =>
        await _outages.ExecuteAsync(async token =>
        {
            var trip = new RoundTrip();
            ask(trip);
            await using var connection = await database.OpenConnectionAsync(token);
            await trip.RunAsync(connection, token);
        }, cancellation);
}
