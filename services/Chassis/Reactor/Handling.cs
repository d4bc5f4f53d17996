using Checkout.Chassis.Inbox;
using Checkout.Chassis.Resilience;
using Checkout.Chassis.Telemetry;
using Microsoft.Extensions.Logging;
using Polly;

namespace Checkout.Chassis.Reactor;

/// <summary>
/// Brings a batch to its end whatever comes between: outages are waited out, the record at fault is found and parked.
/// </summary>
public sealed class Handling<TRows>(ReactorPass<TRows> pass, TimeProvider time, ILogger<Handling<TRows>> logger)
{
    private readonly ResiliencePipeline _outages = Outage.WaitedOut((e, delay) =>
        Log.Outage(logger, e.Message, delay.TotalMilliseconds), time);

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

    private static bool IsOfOneRecord(Exception fault) =>
        fault is NotYetVisibleException || Outage.IsFaultOfData(fault);

    private async Task<PassResult> TryAsync(IReadOnlyList<Incoming> records, string? parkAs,
        CancellationToken cancellation) =>
        await _outages.ExecuteAsync(async token => await pass.RunAsync(records, parkAs, token), cancellation);
}
