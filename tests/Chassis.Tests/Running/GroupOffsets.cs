using System.Diagnostics;
using Confluent.Kafka;

namespace Checkout.Chassis.Tests.Running;

/// <summary>Looks at a group's committed offsets, and sets them, from outside the group.</summary>
internal static class GroupOffsets
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>The offset at which the group would go on reading; 0 where it has none.</summary>
    public static long Committed(Stage stage, string group, string topic, int partition)
    {
        using var consumer = Consumer(stage, group);
        for (var clock = Stopwatch.StartNew(); ;)
            try
            {
                var offset = consumer.Committed([new(topic, partition)], Patience)[0].Offset;
                return offset == Offset.Unset ? 0 : offset.Value;
            }
            catch (KafkaException e)
                when (e.Error.Code is ErrorCode.NotCoordinatorForGroup or ErrorCode.GroupLoadInProgress
                    && clock.Elapsed < Patience)
            {
                // A broker that was just started has to read its groups first; the client has forgotten the coordinator
                // by now and looks for it again.
            }
    }

    public static void Commit(Stage stage, string group, string topic, int partition, long offset)
    {
        using var consumer = Consumer(stage, group);
        consumer.Commit([new(topic, partition, offset)]);
    }

    private static IConsumer<byte[], byte[]> Consumer(Stage stage, string group) =>
        new ConsumerBuilder<byte[], byte[]>(
            new ConsumerConfig { BootstrapServers = stage.Broker.Bootstrap, GroupId = group, EnableAutoCommit = false })
            .Build();
}
