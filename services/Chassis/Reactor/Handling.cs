using Checkout.Chassis.Choreography;
using Checkout.Chassis.Telemetry;
using Microsoft.Extensions.Logging;
using Polly;

namespace Checkout.Chassis.Reactor;

/// <summary>Brings a batch to its end whatever comes between: outages are waited out, collisions tried again, the record at fault found and parked.</summary>
public sealed class Handling<TCommand>(ReactorPass<TCommand> pass, TimeProvider time, ILogger<Handling<TCommand>> logger)
{
    private const int MaxCollisions = 20;
    private const int MaxNotYetVisible = 40;
    private static readonly TimeSpan CollisionDelay = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan NotYetVisibleDelay = TimeSpan.FromMilliseconds(25);

    private readonly ResiliencePipeline _outages = Outage.WaitedOut((e, delay) => Log.Outage(logger, e.Message, delay.TotalMilliseconds), time);

    public async Task<PassResult> HandleAsync(IReadOnlyList<Incoming> records, CancellationToken cancellation)
    {
        try
        {
            return await TryAsync(records, parkAs: null, cancellation);
        }
        catch (Exception fault) when (records.Count > 1 && IsOfOneRecord(fault))
        {
            Log.OneByOne(logger, records.Count, fault.Message);
            return await OneByOneAsync(records, cancellation);
        }
        catch (Exception fault) when (IsOfOneRecord(fault))
        {
            return await TryAsync(records, $"{fault.GetType().Name}: {fault.Message}", cancellation);
        }
    }

    private async Task<PassResult> OneByOneAsync(IReadOnlyList<Incoming> records, CancellationToken cancellation)
    {
        var handled = new Dictionary<(string, int), long>();
        var gaps = new Dictionary<(string, int), long>();
        foreach (var record in records)
        {
            var result = await HandleAsync([record], cancellation);
            foreach (var (partition, position) in result.Handled)
            {
                handled[partition] = position;
                gaps.Remove(partition);
            }
            foreach (var (partition, position) in result.Gaps) gaps[partition] = position;
        }
        return new(handled, gaps);
    }

    private static bool IsOfOneRecord(Exception fault) => fault is NotYetVisibleException || Outage.IsFaultOfData(fault);

    private async Task<PassResult> TryAsync(IReadOnlyList<Incoming> records, string? parkAs, CancellationToken cancellation)
    {
        for (int collisions = 0, unseen = 0; ;)
            try
            {
                return await _outages.ExecuteAsync(async token => await pass.RunAsync(records, parkAs, token), cancellation);
            }
            catch (Exception e) when (Outage.IsCollision(e) && ++collisions <= MaxCollisions)
            {
                Log.Collision(logger, e.Message);
                await Task.Delay(CollisionDelay * Random.Shared.NextDouble() * collisions, time, cancellation);
            }
            catch (NotYetVisibleException e) when (++unseen <= MaxNotYetVisible)
            {
                Log.NotYetVisible(logger, e.Message);
                await Task.Delay(NotYetVisibleDelay, time, cancellation);
            }
    }
}
