using System.Globalization;

namespace Checkout.Benchmarks;

/// <summary>From commit to the topic, in ms.</summary>
internal sealed class Latencies
{
    /// <summary>
    /// The broker's clock has whole milliseconds and cuts the rest off: half of one is given back to both.
    /// </summary>
    private const double CutOffMs = 0.5;

    private readonly double[] _sorted;

    public Latencies(IReadOnlyDictionary<Guid, DateTime> commits, IEnumerable<Arrival> arrivals) => _sorted =
    [
        .. arrivals.Where(a => commits.ContainsKey(a.EventId)).DistinctBy(a => a.EventId)
            .Select(a => (a.At - commits[a.EventId]).TotalMilliseconds + CutOffMs).Order(),
    ];

    public int Count => _sorted.Length;

    public double Ms(double quantile) =>
        _sorted.Length == 0 ? double.NaN : _sorted[(int)Math.Min(_sorted.Length - 1, quantile * _sorted.Length)];

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"p50 {Ms(0.5),7:F1}  p99 {Ms(0.99),7:F1}");
}
