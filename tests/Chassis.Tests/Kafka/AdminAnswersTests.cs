using Checkout.Chassis.Kafka;
using Checkout.Fixtures;
using Checkout.Servers;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Xunit;

namespace Checkout.Chassis.Tests.Kafka;

public sealed class AdminAnswersTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_answer_that_never_comes_is_not_waited_for()
    {
        var fault = await Assert.ThrowsAsync<TimeoutException>(() => new TaskCompletionSource<int>().Task.AnsweredAsync(TimeSpan.FromSeconds(-4.5)));
        Assert.Equal("Kafka's admin client did not answer within 0.5 s.", fault.Message);
    }

    /// <summary>Without the limit this test would never end.</summary>
    [Fact]
    public async Task While_a_broker_stops_every_question_has_an_end()
    {
        if (KafkaHome.Find() is null) throw Prerequisite.Missing("kafka", $"{KafkaHome.Variable} does not name a folder with a released Kafka.");
        using var folder = new TestFolder("admin");
        await using var server = await KafkaServer.StartAsync(new() { DataDirectory = folder["kafka"], HeapMiB = 300 }, Cancel);
        await server.CreateTopicAsync("asked-for", 12, cancel: Cancel);
        // Not disposed in time: one that keeps an answer to itself does not end either.
        var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = server.Bootstrap }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        var limit = TimeSpan.FromSeconds(2);
        var stopped = server.StopAsync();
        for (var answered = true; answered && !stopped.IsCompleted;)
            answered = await AskAsync().WaitAsync(TimeSpan.FromSeconds(60), Cancel);
        await stopped;
        _ = Task.Run(admin.Dispose, CancellationToken.None);

        async Task<bool> AskAsync()
        {
            try
            {
                await admin.DescribeTopicsAsync(TopicCollection.OfTopicNames(["asked-for"]), new() { RequestTimeout = limit }).AnsweredAsync(limit);
                return true;
            }
            catch (KafkaException)
            {
                return true;
            }
            catch (TimeoutException)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task An_answer_is_passed_on_and_so_is_a_failure()
    {
        Assert.Equal(1, await Task.FromResult(1).AnsweredAsync(TimeSpan.FromSeconds(1)));
        await Assert.ThrowsAsync<KafkaException>(() => Task.FromException<int>(new KafkaException(ErrorCode.LeaderNotAvailable)).AnsweredAsync(TimeSpan.FromSeconds(1)));
    }
}
