using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Checkout.Fixtures;

/// <summary>The requests of Kafka's protocol that tests stand in the way of, by their API keys.</summary>
public enum KafkaRequest : short
{
    Produce = 0,
    Fetch = 1,
    ListOffsets = 2,
    Metadata = 3,
    FindCoordinator = 10,
    JoinGroup = 11,
}

/// <summary>
/// Stands between clients and a broker that is a cluster of its own, and understands Kafka's protocol as far as it
/// must: clients learn no other address than its own, it can be stopped and started, it answers for a broker that
/// starts, and requests of a kind can be lost on their way.
/// </summary>
public sealed class KafkaProxy : IAsyncDisposable
{
    private const int MaxFrameBytes = 64 * 1024 * 1024;
    private const int FirstFlexibleProduce = 9;
    private const int FirstFlexibleMetadata = 9;
    private const int FirstFlexibleFindCoordinator = 3;

    private readonly IPEndPoint _broker;
    private readonly int _port;
    private readonly ConcurrentDictionary<Socket, bool> _sockets = new();
    private readonly ConcurrentDictionary<KafkaRequest, byte[]> _swallowed = new();
    private readonly ConcurrentQueue<Exception> _faults = new();
    private Socket? _listener;
    private Task _accepting = Task.CompletedTask;
    private volatile bool _knowsBrokers = true;
    private volatile TaskCompletionSource? _answered;
    private TaskCompletionSource? _frozen;
    private int? _swallowedPartition;
    private int _brokerlessAnswers;

    private KafkaProxy(IPEndPoint broker)
    {
        _broker = broker;
        _listener = Listen(0);
        _port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync(_listener);
    }

    public string Bootstrap => $"127.0.0.1:{_port}";

    /// <summary>How many metadata answers with topics, and without any broker, were given.</summary>
    public int BrokerlessAnswers => Volatile.Read(ref _brokerlessAnswers);

    public static KafkaProxy Before(string bootstrap) => new(IPEndPoint.Parse(bootstrap));

    /// <summary>
    /// Stops when a question for topics has been answered, at once, as a busy broker may: its clients ask again and
    /// again who leads meanwhile.
    /// </summary>
    /// <exception cref="TimeoutException">Nobody asked: no client of those here has a broker any more.</exception>
    public async Task StopBehindMetadataAsync(TimeSpan patience)
    {
        _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await _answered.Task.WaitAsync(patience);
        await StopAsync();
    }

    /// <summary>
    /// Stops behind a metadata answer, and is back: first without brokers, and as before when one such answer with
    /// topics was given.
    /// </summary>
    public async Task RestartWithoutBrokersAsync(TimeSpan patience)
    {
        await StopBehindMetadataAsync(patience);
        var before = BrokerlessAnswers;
        Start(knowsBrokers: false);
        await Eventually.Until(() => BrokerlessAnswers > before, "an answer without brokers", patience);
        KnowsBrokers();
    }

    /// <summary>As a broker that stops: every connection is cut, and none is taken.</summary>
    public async Task StopAsync()
    {
        Interlocked.Exchange(ref _listener, null)?.Dispose();
        await _accepting;
        foreach (var socket in _sockets.Keys) socket.Dispose();
    }

    /// <summary>
    /// Takes connections again. A broker that starts (Apache Kafka 4.3.1, KRaft) answers metadata before it knows that
    /// itself is there: with the topics that are asked for, and without brokers.
    /// </summary>
    public void Start(bool knowsBrokers = true)
    {
        _knowsBrokers = knowsBrokers;
        _listener = Listen(_port);
        _accepting = AcceptAsync(_listener);
    }

    public void KnowsBrokers() => _knowsBrokers = true;

    /// <summary>As a broker that is frozen: connections stay and are taken, and nothing passes.</summary>
    public void Freeze() => _frozen = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Thaw() => Interlocked.Exchange(ref _frozen, null)?.SetResult();

    /// <summary>Requests of this kind come nowhere, and so are never answered.</summary>
    /// <param name="about">Only those that name this topic.</param>
    public void Swallow(KafkaRequest request, string about = "") => _swallowed[request] = Encoding.UTF8.GetBytes(about);

    /// <summary>
    /// Requests to write to this partition come nowhere; librdkafka writes to one partition a request.
    /// </summary>
    public void SwallowProduce(int partition) => _swallowedPartition = partition;

    public void LetPass(KafkaRequest request)
    {
        _swallowed.TryRemove(request, out _);
        if (request == KafkaRequest.Produce) _swallowedPartition = null;
    }

    public async ValueTask DisposeAsync()
    {
        Thaw();
        await StopAsync();
        if (!_faults.IsEmpty) throw new AggregateException("The proxy did not understand what it read.", _faults);
    }

    private static Socket Listen(int port)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        listener.Listen();
        return listener;
    }

    private async Task AcceptAsync(Socket listener)
    {
        try
        {
            while (true) _ = ServeAsync(await listener.AcceptAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using var broker = new Socket(AddressFamily.InterNetwork, SocketType.Stream,
            ProtocolType.Tcp)
        { NoDelay = true };
        client.NoDelay = true;
        _sockets[client] = _sockets[broker] = true;
        try
        {
            await broker.ConnectAsync(_broker);
            var asked = new ConcurrentDictionary<int, (KafkaRequest Request, short Version)>();
            await Task.WhenAny(
                PumpAsync(client, broker, (frame, ref _) => Asked(frame, asked)),
                PumpAsync(broker, client, (frame, ref isLast) => Answer(frame, asked, ref isLast)));
        }
        catch (SocketException)
        {
            // The broker is away.
        }
        finally
        {
            foreach (var socket in new[] { client, broker })
            {
                socket.Dispose();
                _sockets.TryRemove(socket, out _);
            }
        }
    }

    /// <summary>What is sent on of a frame; null for nothing. After the last one the connection ends.</summary>
    private delegate byte[]? Pass(byte[] frame, ref bool isLast);

    private async Task PumpAsync(Socket from, Socket to, Pass pass)
    {
        var size = new byte[sizeof(int)];
        try
        {
            while (await ReadAsync(from, size))
            {
                var frame = new byte[BinaryPrimitives.ReadInt32BigEndian(size)];
                if (frame.Length > MaxFrameBytes) throw new InvalidDataException($"a frame of {frame.Length} bytes");
                if (!await ReadAsync(from, frame)) return;
                if (Volatile.Read(ref _frozen) is { } frozen) await frozen.Task;
                var isLast = false;
                if (pass(frame, ref isLast) is not { } passed) continue;
                var sent = new byte[sizeof(int) + passed.Length];
                BinaryPrimitives.WriteInt32BigEndian(sent, passed.Length);
                passed.CopyTo(sent, sizeof(int));
                for (var at = 0; at < sent.Length;) at += await to.SendAsync(sent.AsMemory(at));
                if (!isLast) continue;
                to.Shutdown(SocketShutdown.Both);
                _answered!.TrySetResult();
                return;
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Cut off.
        }
        catch (Exception e)
        {
            _faults.Enqueue(e);
        }
    }

    private static async Task<bool> ReadAsync(Socket from, byte[] buffer)
    {
        for (var at = 0; at < buffer.Length;)
        {
            var read = await from.ReceiveAsync(buffer.AsMemory(at));
            if (read == 0) return false;
            at += read;
        }
        return true;
    }

    /// <summary>Every request begins with its API key and version and the number by which it is answered.</summary>
    private byte[]? Asked(byte[] frame, ConcurrentDictionary<int, (KafkaRequest, short)> asked)
    {
        var request = (KafkaRequest)BinaryPrimitives.ReadInt16BigEndian(frame);
        var version = BinaryPrimitives.ReadInt16BigEndian(frame.AsSpan(2));
        if (_swallowed.TryGetValue(request, out var about) && frame.AsSpan().IndexOf(about) >= 0) return null;
        if (request == KafkaRequest.Produce && _swallowedPartition is { } swallowed
            && PartitionOf(frame, version) == swallowed) return null;
        asked[BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(4))] = (request, version);
        return frame;
    }

    /// <summary>
    /// API key, version, number, the client's id; the transaction's id, acks, timeout; one topic of one partition.
    /// </summary>
    private static int PartitionOf(byte[] produce, short version)
    {
        var isFlexible = version >= FirstFlexibleProduce;
        var reader = new Reader(produce) { At = sizeof(short) + sizeof(short) + sizeof(int) };
        reader.SkipString();
        if (isFlexible) reader.SkipTags();
        SkipText(ref reader);
        reader.At += sizeof(short) + sizeof(int);
        SkipLength(ref reader);
        SkipText(ref reader);
        SkipLength(ref reader);
        return BinaryPrimitives.ReadInt32BigEndian(produce.AsSpan(reader.At));

        void SkipText(ref Reader at)
        {
            if (isFlexible) at.SkipCompactString();
            else at.SkipString();
        }

        void SkipLength(ref Reader at)
        {
            if (isFlexible) at.CompactLength();
            else at.At += sizeof(int);
        }
    }

    private byte[] Answer(byte[] frame, ConcurrentDictionary<int, (KafkaRequest Request, short Version)> asked,
        ref bool isLast)
    {
        if (!asked.TryRemove(BinaryPrimitives.ReadInt32BigEndian(frame), out var question)) return frame;
        return question.Request switch
        {
            KafkaRequest.Metadata => Metadata(frame, question.Version, ref isLast),
            KafkaRequest.FindCoordinator => Coordinator(frame, question.Version),
            _ => frame,
        };
    }

    /// <summary>
    /// Correlation id, tags, throttle time, the brokers: each id, host, port, rack, tags; the cluster's id, the
    /// controller, the topics.
    /// </summary>
    private byte[] Metadata(byte[] frame, short version, ref bool isLast)
    {
        if (version < FirstFlexibleMetadata) throw new InvalidDataException($"metadata of version {version}");
        var reader = new Reader(frame) { At = sizeof(int) };
        reader.SkipTags();
        reader.At += sizeof(int);
        var brokersAt = reader.At;
        var brokers = reader.CompactLength();
        for (var i = 0; i < brokers; i++)
        {
            reader.At += sizeof(int);
            reader.SkipCompactString();
            WritePort(frame, ref reader.At);
            reader.SkipCompactString();
            reader.SkipTags();
        }
        var brokersEnd = reader.At;
        reader.SkipCompactString();
        reader.At += sizeof(int);
        var tellsOfTopics = reader.CompactLength() > 0;
        isLast = tellsOfTopics && _answered is { Task.IsCompleted: false };
        if (_knowsBrokers) return frame;
        if (tellsOfTopics) Interlocked.Increment(ref _brokerlessAnswers);
        // The length of a compact array is written as one more than it is.
        return [.. frame[..brokersAt], 1, .. frame[brokersEnd..]];
    }

    private byte[] Coordinator(byte[] frame, short version)
    {
        if (version >= FirstFlexibleFindCoordinator)
            throw new InvalidDataException($"a coordinator's answer of version {version}");
        var reader = new Reader(frame) { At = sizeof(int) };
        if (version > 0) reader.At += sizeof(int);
        reader.At += sizeof(short);
        if (version > 0) reader.SkipString();
        reader.At += sizeof(int);
        reader.SkipString();
        WritePort(frame, ref reader.At);
        return frame;
    }

    private void WritePort(byte[] frame, ref int at)
    {
        if (BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(at)) == _broker.Port)
            BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(at), _port);
        at += sizeof(int);
    }

    /// <summary>
    /// A place in a frame; compact lengths are unsigned varints, of null 0 and else one more than they are.
    /// </summary>
    private struct Reader(byte[] frame)
    {
        public int At;

        public int CompactLength() => Math.Max(0, UnsignedVarint() - 1);

        public void SkipCompactString() => Skip(CompactLength());

        public void SkipString() =>
            Skip(sizeof(short) + Math.Max((short)0, BinaryPrimitives.ReadInt16BigEndian(frame.AsSpan(At))));

        public void SkipTags()
        {
            for (var tags = UnsignedVarint(); tags > 0; tags--)
            {
                UnsignedVarint();
                Skip(UnsignedVarint());
            }
        }

        private void Skip(int bytes) => At += bytes;

        private int UnsignedVarint()
        {
            var value = 0;
            for (var shift = 0; ; shift += 7)
            {
                var next = frame[At++];
                value |= (next & 0x7f) << shift;
                if (next < 0x80) return value;
            }
        }
    }
}
