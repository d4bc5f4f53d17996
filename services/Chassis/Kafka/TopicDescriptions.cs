using System.Runtime.InteropServices;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Checkout.Chassis.Kafka;

/// <summary>What the brokers tell of a topic.</summary>
/// <param name="Error">UnknownTopicOrPart where there is no such topic; the rest is then empty.</param>
/// <param name="Id">Another one when the topic was deleted and made anew under its name.</param>
/// <param name="Replicas">How many each partition has.</param>
/// <param name="Allowed">What this user may do with it; null where the brokers do not say.</param>
public sealed record DescribedTopic(string Name, ErrorCode Error, string Id, IReadOnlyList<int> Replicas,
    IReadOnlyList<AclOperation>? Allowed = null)
{
    /// <summary>False only where that is known.</summary>
    public bool MayBeRead => Error != ErrorCode.TopicAuthorizationFailed
        && (Error != ErrorCode.NoError || Allowed is null || Allowed.Contains(AclOperation.Read));
}

/// <summary>
/// Describes topics, without making them by the question as a metadata request by name would. Confluent.Kafka's own
/// DescribeTopicsAsync fails on a partition without replicas in sync, as a stopping broker tells it: it destroys the
/// client and then the answer, which lies in the client's memory. The task never completes, and the process may be
/// aborted (2.16.0: AdminClient.cs, extractNodeList).
/// </summary>
/// <param name="config">Of an admin client. What the client says is not logged: those that work with the topics say the
/// same.</param>
public sealed unsafe class TopicDescriptions(AdminClientConfig config) : IDisposable
{
    /// <summary>librdkafka answers at the end of the request's time; this is for its way here.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private nint _client;
    private bool _disposed;

    /// <exception cref="KafkaException">The brokers do not answer in time.</exception>
    public Task<IReadOnlyList<DescribedTopic>> AskAsync(IEnumerable<string> topics, TimeSpan timeout) =>
        Blocking.RunAsync(() => Ask([.. topics], timeout));

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            End();
        }
    }

    private IReadOnlyList<DescribedTopic> Ask(string[] topics, TimeSpan timeout)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_client == 0) _client = RdKafka.NewClient(config, configuration => RdKafka.SetLog(configuration, 0));
            try
            {
                return Ask(_client, topics, timeout);
            }
            catch (KafkaException)
            {
                // It may wait for the controller of before, and would for minutes after that came back (seen,
                // librdkafka 2.16.0, one time in eight): the next question is another client's.
                End();
                throw;
            }
        }
    }

    private void End()
    {
        if (_client != 0) RdKafka.DestroyClient(_client);
        _client = 0;
    }

    private static List<DescribedTopic> Ask(nint client, string[] topics, TimeSpan timeout)
    {
        var queue = RdKafka.NewQueue(client);
        try
        {
            Send(client, topics, timeout, queue);
            return Receive(queue, timeout + Grace);
        }
        finally
        {
            RdKafka.DestroyQueue(queue);
        }
    }

    private static void Send(nint client, string[] topics, TimeSpan timeout, nint queue)
    {
        var names = Array.ConvertAll(topics, Marshal.StringToCoTaskMemUTF8);
        var options = RdKafka.NewAdminOptions(client, RdKafka.DescribeTopicsOperation);
        fixed (nint* first = names)
        {
            var collection = RdKafka.NewTopicCollection(first, (nuint)names.Length);
            RdKafka.SetRequestTimeout(options, (int)timeout.TotalMilliseconds);
            RdKafka.AskForRights(options, yes: 1);
            RdKafka.DescribeTopics(client, collection, options, queue);
            RdKafka.DestroyTopicCollection(collection);
        }
        RdKafka.DestroyAdminOptions(options);
        Array.ForEach(names, Marshal.FreeCoTaskMem);
    }

    private static List<DescribedTopic> Receive(nint queue, TimeSpan timeout)
    {
        var answer = RdKafka.Poll(queue, (int)timeout.TotalMilliseconds);
        if (answer == 0) throw new KafkaException(ErrorCode.Local_TimedOut);
        try
        {
            if (RdKafka.ErrorOf(answer) is var code and not ErrorCode.NoError)
                throw new KafkaException(new Error(code, RdKafka.Text(RdKafka.ErrorText(answer))));
            var first = RdKafka.Descriptions(answer, out var count);
            var described = new List<DescribedTopic>((int)count);
            for (nuint i = 0; i < count; i++) described.Add(Described(first[i]));
            return described;
        }
        finally
        {
            RdKafka.DestroyEvent(answer);
        }
    }

    private static DescribedTopic Described(nint description)
    {
        var first = RdKafka.PartitionsOf(description, out var count);
        var replicas = new int[(int)count];
        for (var i = 0; i < replicas.Length; i++)
        {
            RdKafka.ReplicasOf(first[i], out var some);
            replicas[i] = (int)some;
        }
        return new(RdKafka.Text(RdKafka.NameOf(description)), RdKafka.CodeOf(RdKafka.ErrorOfDescription(description)),
            RdKafka.Text(RdKafka.TextOfId(RdKafka.IdOf(description))), replicas, Allowed(description));
    }

    private static AclOperation[]? Allowed(nint description)
    {
        var first = RdKafka.RightsOn(description, out var count);
        if (first == null || count == 0) return null;
        var allowed = new AclOperation[(int)count];
        for (var i = 0; i < allowed.Length; i++) allowed[i] = (AclOperation)first[i];
        return allowed;
    }
}
