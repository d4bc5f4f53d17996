using System.Globalization;

namespace Checkout.Servers;

/// <summary>
/// Several nodes of a released Kafka, each broker and controller, so that one can be lost. Each takes its heap: 300 MiB
/// serve.
/// </summary>
public sealed class KafkaCluster : Broker
{
    private readonly KafkaSettings[] _settings;
    private readonly KafkaServer[] _nodes;

    private KafkaCluster(KafkaSettings[] settings, KafkaServer[] nodes)
    {
        _settings = settings;
        _nodes = nodes;
    }

    public IReadOnlyList<KafkaServer> Nodes => _nodes;

    public override string Bootstrap => string.Join(',', _nodes.Select(node => node.Bootstrap));

    public override string Name => $"{_nodes.Length} nodes, of which the first is {_nodes[0].Name}";

    /// <summary>
    /// Each node has a folder of its own in this one. All are started at once, because a quorum needs most of them.
    /// </summary>
    public static async Task<KafkaCluster> StartAsync(string dataDirectory, int nodes = 3, int heapMiB = 512,
        CancellationToken cancel = default)
    {
        var ports = Enumerable.Range(0, nodes).Select(_ => Ports.Free(2)).ToArray();
        var voters = string.Join(',', ports.Select((port, index) => $"{index + 1}@127.0.0.1:{port + 1}"));
        var settings = ports.Select((port, index) => new KafkaSettings
        {
            DataDirectory = Path.Combine(dataDirectory, $"node-{index + 1}"),
            Port = port,
            ControllerPort = port + 1,
            HeapMiB = heapMiB,
            More = Membership(index + 1, voters, nodes),
        }).ToArray();
        var starts = settings.Select(node => KafkaServer.StartAsync(node, cancel)).ToArray();
        try
        {
            return new(settings, await Task.WhenAll(starts));
        }
        catch
        {
            foreach (var start in starts.Where(start => start.IsCompletedSuccessfully))
                await (await start).DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a node again that was stopped or killed.</summary>
    public async Task<KafkaServer> StartNodeAsync(int index, CancellationToken cancel = default)
    {
        await _nodes[index].DisposeAsync();
        return _nodes[index] = await KafkaServer.StartAsync(_settings[index], cancel);
    }

    /// <summary>At once as well: the last one alone would have no quorum to leave in order.</summary>
    public override async ValueTask DisposeAsync() =>
        await Task.WhenAll(_nodes.Select(node => node.DisposeAsync().AsTask()));

    private static Dictionary<string, string> Membership(int id, string voters, int nodes)
    {
        var replicas = Math.Min(nodes, 3).ToString(CultureInfo.InvariantCulture);
        var inSync = Math.Max(1, Math.Min(nodes, 3) - 1).ToString(CultureInfo.InvariantCulture);
        return new()
        {
            ["node.id"] = id.ToString(CultureInfo.InvariantCulture),
            ["controller.quorum.voters"] = voters,
            ["min.insync.replicas"] = inSync,
            ["offsets.topic.replication.factor"] = replicas,
            ["transaction.state.log.replication.factor"] = replicas,
            ["transaction.state.log.min.isr"] = inSync,
            ["share.coordinator.state.topic.replication.factor"] = replicas,
            ["share.coordinator.state.topic.min.isr"] = inSync,
        };
    }
}
