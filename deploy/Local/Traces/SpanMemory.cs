namespace Checkout.Local.Traces;

/// <summary>The spans of the newest traces; the trace that began first goes first. Safe for several threads.</summary>
internal sealed class SpanMemory(int most = SpanMemory.Most)
{
    /// <summary>Some 25 MB.</summary>
    public const int Most = 50_000;

    private readonly Dictionary<string, List<Span>> _traces = [];
    private readonly Queue<string> _inOrder = new();
    private readonly Lock _gate = new();
    private int _count;

    public int Count
    {
        get
        {
            lock (_gate) return _count;
        }
    }

    public void Add(IEnumerable<(string TraceId, Span Span)> spans)
    {
        lock (_gate)
        {
            foreach (var (trace, span) in spans)
            {
                if (!_traces.TryGetValue(trace, out var those))
                {
                    _traces[trace] = those = [];
                    _inOrder.Enqueue(trace);
                }
                those.Add(span);
                _count++;
            }
            while (_count > most && _inOrder.TryDequeue(out var oldest))
                if (_traces.Remove(oldest, out var gone)) _count -= gone.Count;
        }
    }

    /// <summary>Empty where it has none, or none any more.</summary>
    public IReadOnlyList<Span> Of(string traceId)
    {
        lock (_gate) return _traces.TryGetValue(traceId, out var spans) ? [.. spans] : [];
    }
}
