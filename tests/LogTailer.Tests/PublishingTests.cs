using System.Text;
using Checkout.Chassis.WireFormat;
using Checkout.Fixtures;
using Checkout.Servers;
using Xunit;

namespace Checkout.LogTailer.Tests;

public sealed class PublishingTests(PostgresFixture postgres)
{
    [Fact]
    public async Task A_committed_event_is_on_the_topic_with_its_headers_and_frame()
    {
        await using var broker = InMemoryBroker.Start();
        await using var store = await SampleStore.CreateAsync(await postgres.ServerAsync());
        await broker.CreateTopicAsync(store.Topic, SampleStore.Partitions);
        await using var tail = new RunningTail(store, broker.Bootstrap);
        await tail.UntilAsync(TailState.Active);
        var sample = new Sample("customer-1", Body: "hello")
        {
            CorrelationId = "checkout-1",
            CausationId = Guid.NewGuid(),
            TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            TraceState = "vendor=1",
        };
        await store.AppendAsync(sample, new Sample("customer-1"));
        await TopicReader.MustEqualStoreAsync(store, broker.Bootstrap);

        var record = TopicReader.ReadAll(broker.Bootstrap, store.Topic)[0];
        Assert.Equal("customer-1", record.Message.Key);
        Assert.Equal(Murmur2.Hash("customer-1") % SampleStore.Partitions, record.Partition.Value);
        Assert.Equal([0, 0, 0, 0, 1, .. "hello"u8], record.Message.Value);
        Assert.Equal("1.0", record.Header(EventHeaders.SpecVersion));
        Assert.Equal(sample.EventId.ToString(), record.Header(EventHeaders.Id));
        Assert.Equal("test.Happened", record.Header(EventHeaders.Type));
        Assert.Equal($"/{store.Topic}/0", record.Header(EventHeaders.Source));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", record.Header(EventHeaders.Time)!);
        Assert.Equal("customer-1", record.Header(EventHeaders.Subject));
        Assert.Equal("1", record.Header(EventHeaders.Sequence));
        Assert.Equal("0", record.Header(EventHeaders.Previous));
        Assert.Equal("checkout-1", record.Header(EventHeaders.Correlation));
        Assert.Equal(sample.CausationId.ToString(), record.Header(EventHeaders.Causation));
        Assert.Equal("application/avro", record.Header(EventHeaders.ContentType));
        Assert.Equal(sample.TraceParent, record.Header(EventHeaders.TraceParent));
        Assert.Equal("vendor=1", record.Header(EventHeaders.TraceState));
    }
}
