using Checkout.Servers;
using Xunit;

namespace Checkout.Deploy.Tests.Servers;

public sealed class KafkaServerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("checkout-kafka").FullName;

    [Fact]
    public async Task Topics_outlive_a_stop_and_a_kill_although_the_ports_change()
    {
        Assert.SkipWhen(KafkaHome.Find() is null, "No released Kafka is here: set KAFKA_HOME.");
        var cancel = TestContext.Current.CancellationToken;
        var settings = new KafkaSettings { DataDirectory = _folder };
        int port;
        await using (var first = await KafkaServer.StartAsync(settings, cancel))
        {
            port = first.Port;
            Assert.Equal("java", Path.GetFileName(File.ResolveLinkTarget($"/proc/{first.Pid}/exe", false)?.FullName));
            Assert.Matches(@"^Apache Kafka \d+\.\d+\.\d+ at 127\.0\.0\.1:\d+$", first.Name);
            await first.CreateTopicAsync("t", 12, cancel: cancel);
            await first.CreateTopicAsync("t", 12, cancel: cancel);
            var refusal = await Assert.ThrowsAsync<ServerFailedException>(() =>
                first.CreateTopicAsync("t", 6, cancel: cancel));
            Assert.Contains("has 12 partitions, not 6", refusal.Message, StringComparison.Ordinal);
            await Records.ProduceAsync(first, "t", 12, perPartition: 5);
            await first.StopAsync();
        }
        await using (var second = await KafkaServer.StartAsync(settings, cancel))
        {
            Assert.NotEqual(port, second.Port);
            await Records.ProduceAsync(second, "t", 12, perPartition: 5);
            Assert.Equal(120, Records.Read(second, "t", 120).Count);
            await second.KillAsync();
        }
        await using var third = await KafkaServer.StartAsync(settings, cancel);
        Assert.Equal(120, Records.Read(third, "t", 120).Count);

        // On its way down, it holds the folder; the next one waits for it.
        third.Signal("TERM");
        await using var fourth = await KafkaServer.StartAsync(settings, cancel);
        Assert.True(third.Exited.IsCompleted);
    }

    [Fact]
    public async Task A_kafka_that_is_not_there_or_does_not_start_is_told_in_a_sentence()
    {
        var cancel = TestContext.Current.CancellationToken;
        Assert.SkipWhen(KafkaHome.Find() is null, "No released Kafka is here: set KAFKA_HOME.");
        var refusal = await Assert.ThrowsAsync<ServerFailedException>(() => KafkaServer.StartAsync(
            new() { DataDirectory = _folder, More = new Dictionary<string, string> { ["process.roles"] = "waiter" } },
            cancel));
        Assert.Contains("process.roles", refusal.Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
