using System.Text;
using Checkout.Chassis.Inbox;
using Confluent.Kafka;

namespace Checkout.Simulation.Model;

/// <summary>
/// A topic: records by partition, an offset for each. What is read of it went through the reactor's own reading of a
/// Kafka record.
/// </summary>
public sealed class Topic(string name, int partitions)
{
    private readonly List<Incoming>[] _records = Enumerable.Range(0, partitions).Select(_ => new List<Incoming>())
        .ToArray();

    public string Name => name;

    public int Partitions => partitions;

    public int Count => _records.Sum(partition => partition.Count);

    public IReadOnlyList<Incoming> this[int partition] => _records[partition];

    public void Append(int partition, string key, byte[] value, Headers headers) =>
        _records[partition].Add(Incoming.From(new ConsumeResult<byte[]?, byte[]?>
        {
            Topic = name,
            Partition = partition,
            Offset = _records[partition].Count,
            Message = new() { Key = Encoding.UTF8.GetBytes(key), Value = value, Headers = headers },
        }));

    /// <summary>The whole topic was lost and made anew.</summary>
    public void Clear()
    {
        foreach (var records in _records) records.Clear();
    }

    /// <summary>The broker forgot the last records of a partition.</summary>
    public void LoseTail(int partition, int records) =>
        _records[partition].RemoveRange(_records[partition].Count - records, records);
}
