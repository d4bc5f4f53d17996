using Checkout.Chassis.EventStore;
using Checkout.Chassis.WireFormat;
using Checkout.LogTailer.Chain;
using Checkout.LogTailer.Sink;
using Checkout.LogTailer.Source;

namespace Checkout.Simulation.Model;

/// <summary>
/// The table events of one store and its head, as Chassis/EventStore/Migrations/0001_event_store.sql numbers them.
/// </summary>
public sealed class EventChain(string source, int partitions)
{
    private readonly List<StoredEvent> _events = [];
    private readonly HashSet<Guid> _ids = [];
    private readonly long[] _last = new long[partitions];

    public string Source => source;

    public int Partitions => partitions;

    /// <summary>In order of position; the first has position 1.</summary>
    public IReadOnlyList<StoredEvent> Events => _events;

    /// <summary>The end of each partition's chain.</summary>
    public IReadOnlyList<long> Last => _last;

    public void Append(IReadOnlyList<NewEvent> appended)
    {
        foreach (var e in appended)
        {
            if (!_ids.Add(e.EventId)) throw new SimulationStoppedException(
                $"an_event_happens_once: {source} appends {e.Type} {e.EventId} again");
            var partition = Murmur2.Hash(e.Key) % partitions;
            _events.Add(new(_events.Count + 1, _last[partition], partition, e.EventId, e.Key, e.Type, e.OccurredAt,
                e.CorrelationId, e.CausationId, e.TraceParent, e.TraceState, e.Payload));
            _last[partition] = _events.Count;
        }
    }
}
