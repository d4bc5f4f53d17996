using Checkout.Servers;

namespace Checkout.Local;

/// <summary>Everything that listens on this machine, in the order of its port.</summary>
internal enum Listener
{
    Store,
    Registry,
    Balance,
    Inventory,
    LogTailer,
    PostgreSql,
    Kafka,
    KafkaController,
    Control,
    Observer,
    Jaeger,
    TraceCollector,
}

/// <summary>
/// Known ports, one behind the other from Store's on, so that what was written down yesterday is right today.
/// A taken one is replaced by a free one, and a sentence says so. Store's port 0 means any free ports for all.
/// </summary>
internal sealed class LocalPorts(int store, Action<string> say)
{
    public const int Default = 5080;
    public const int HighestFirst = 65_535 - (int)Listener.TraceCollector;

    private readonly Dictionary<Listener, int> _taken = [];

    /// <summary>The same at every asking, so that what starts first can be told of what starts later.</summary>
    public int Take(Listener listener)
    {
        lock (_taken) return _taken.TryGetValue(listener, out var port) ? port : _taken[listener] = Find(listener);
    }

    private int Find(Listener listener)
    {
        if (store == 0) return Ports.Free();
        var wished = store + (int)listener;
        var taken = Ports.Preferred(wished);
        if (taken != wished) say($"Port {wished} is taken: {NameOf(listener)} listens on {taken}");
        return taken;
    }

    private static string NameOf(Listener listener) => listener switch
    {
        Listener.Registry => "the schema registry",
        Listener.PostgreSql => "PostgreSQL",
        Listener.KafkaController => "Kafka's controller",
        Listener.Control => "the control API",
        Listener.TraceCollector => "what takes traces",
        _ => listener.ToString(),
    };
}
