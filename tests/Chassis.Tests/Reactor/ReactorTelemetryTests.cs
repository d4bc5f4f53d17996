using System.Diagnostics;
using System.Diagnostics.Metrics;
using Checkout.Chassis.Inbox;
using Checkout.Chassis.Reactor;
using Checkout.Chassis.Telemetry;
using Checkout.Chassis.WireFormat;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Checkout.Chassis.Tests.Reactor;

public sealed class ReactorTelemetryTests
{
    [Fact]
    public void A_process_span_is_a_child_of_its_messages_context_and_links_to_the_batch_alone()
    {
        // Listeners are the process's: tests beside this one are to go on without spans.
        var isMine = new AsyncLocal<bool> { Value = true };
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == TelemetryNames.Chassis,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) =>
                isMine.Value ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
        };
        ActivitySource.AddActivityListener(listener);
        var message = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(),
            ActivityTraceFlags.Recorded);
        using var meters = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var telemetry = new ReactorTelemetry(meters.GetRequiredService<IMeterFactory>(), "group", "test.id", new(),
            new(TimeProvider.System), ["topic"]);
        var record = new Incoming("topic", 0, 7, 7, 6, "customer-1", null, new Dictionary<string, string>
        {
            [EventHeaders.TraceParent] = $"00-{message.TraceId}-{message.SpanId}-01",
        });
        using var batch = telemetry.StartBatch([record]);
        var shared = Activity.Current!;
        using var span = telemetry.StartProcess(record)!;

        Assert.Equal((message.TraceId, message.SpanId), (span.TraceId, span.ParentSpanId));
        // Jaeger shows a parent that is linked as well as what the span follows from, and as no parent.
        Assert.Equal(shared.SpanId, Assert.Single(span.Links).Context.SpanId);
        Assert.Equal(message.SpanId, Assert.Single(shared.Links).Context.SpanId);
        Assert.DoesNotContain("customer-1", span.TagObjects.Select(tag => tag.Value));
    }
}
