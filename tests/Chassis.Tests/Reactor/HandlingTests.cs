using Checkout.Chassis.EventStore;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Running;
using Checkout.Chassis.WireFormat;
using Checkout.Fixtures;
using Dapper;
using Xunit;

namespace Checkout.Chassis.Tests.Reactor;

/// <summary>A batch, from its records to its transaction, without a broker.</summary>
public sealed class HandlingTests(Stage stage)
{
    [Fact]
    public async Task A_batch_is_one_transaction_and_each_event_is_decided_on_what_those_before_it_left()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        await instance.HandleAsync(Enumerable.Range(0, 300)
            .Select(i => new Asked { Name = $"n{i % 7}", Number = i + 100, Note = "" }));
        var sums = Enumerable.Range(0, 300).GroupBy(i => i % 7)
            .ToDictionary(numbers => $"n{numbers.Key}", numbers => numbers.Sum(i => i + 100L));
        Assert.Equal(sums, await world.TotalsAsync());
        Assert.Equal(300, (await world.EventsAsync()).Count);
        await using var connection = await world.Database.OpenConnectionAsync();
        Assert.Equal(1, await connection.ExecuteScalarAsync<int>(
            "SELECT count(DISTINCT xmin) FROM (SELECT xmin::text FROM events UNION ALL SELECT xmin::text FROM "
                + "tallies) AS rows(xmin)"));
    }

    /// <summary>Of a traceparent: its version and trace id.</summary>
    private const int TraceIdEnds = 36;

    [Fact]
    public async Task An_answer_says_what_led_to_it_and_carries_its_trace_on()
    {
        const string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        var record = await world.Chain.NumberAsync(new Asked { Name = "anna", Number = 5, Note = "" });
        record.Headers[EventHeaders.TraceParent] = trace;
        await instance.HandleAsync(record);
        var answer = Assert.Single(await world.EventsAsync());
        var counted = (Counted)EventCodec.Decode(answer.Payload.AsMemory(SingleObject.HeaderBytes), Counted.Written,
            typeof(Counted));
        Assert.Equal((record.EventId, EventIds.Following(record.EventId, "count", 0)),
            (answer.CausationId, answer.EventId));
        // By the message's own span, or where another test in this process listens by one of the reaction's.
        Assert.StartsWith(trace[..TraceIdEnds], answer.TraceParent, StringComparison.Ordinal);
        Assert.Equal((answer.EventId, "anna", 5, 5), (counted.EventId, counted.Name, counted.Number, counted.Total));
    }

    [Fact]
    public async Task What_was_handled_is_dropped_when_it_comes_again_in_the_same_batch_or_later()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        var first = await world.Chain.NumberAsync(new Asked { Name = "anna", Number = 1, Note = "" });
        var second = await world.Chain.NumberAsync(new Asked { Name = "anna", Number = 2, Note = "" });
        await instance.HandleAsync(first, first, second, first, second);
        await instance.HandleAsync(first, second);
        Assert.Equal(2, (await world.EventsAsync()).Count);
        Assert.Equal(3, (await world.TotalsAsync())["anna"]);
        Assert.Equal(5, instance.Readings.Sum("reactor.seen.messages"));
    }

    [Fact]
    public async Task Events_the_service_has_no_row_for_are_passed_over_and_the_chain_goes_on()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        await instance.HandleAsync(new Chatted { Name = "anna" }, new Asked { Name = "anna", Number = 4, Note = "" },
            new Chatted { Name = "anna" });
        Assert.Equal(3, await world.HandledAsync(world.Chain.PartitionOf("anna")));
        Assert.Single(await world.EventsAsync());
    }

    [Fact]
    public async Task A_gap_is_reported_and_nothing_behind_it_is_handled_until_what_is_missing_comes()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        var records = new List<ChainRecord>();
        for (var i = 0; i < 4; i++)
            records.Add(await world.Chain.NumberAsync(new Asked { Name = "anna", Number = 1, Note = "" }));
        var partition = (world.Chain.Topic, records[0].Partition);
        var held = await instance.HandleAsync(records[0], records[2], records[3]);
        Assert.Equal(records[0].Position, held.Gaps[partition]);
        Assert.Equal(1, (await world.TotalsAsync())["anna"]);
        var healed = await instance.HandleAsync(records[3], records[1], records[2], records[3]);
        Assert.Empty(healed.Gaps);
        Assert.Equal(4, (await world.TotalsAsync())["anna"]);
    }

    [Fact]
    public async Task A_fact_without_a_chain_counts_once_however_often_it_is_sent()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        for (var resent = 0; resent < 2; resent++)
        {
            var fact =
                await world.Chain.NumberAsync(
                    new Tipped { EventId = Guid.CreateVersion7(), Name = "anna", Number = 7, Reference = "day-1" });
            var received = world.Chain.Received(fact with { Headers = [] }) with { Topic = world.Facts };
            await instance.Handling.HandleAsync(
                [received, received with { Offset = received.Offset + 1, Position = received.Position + 1 }],
                CancellationToken.None);
        }
        Assert.Equal(7, (await world.TotalsAsync())["anna"]);
        Assert.Equal(EventIds.Following(EventIds.OfBusinessKey("tip", "day-1"), "tip", 0),
            Assert.Single(await world.EventsAsync()).EventId);
    }

    [Fact]
    public async Task An_answer_to_what_is_not_visible_yet_is_tried_again_shortly()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        var handling = instance.HandleAsync(new Confirmed { Name = "anna" });
        await Eventually.Until(() => instance.Lines.Contain("The tally anna is not known here (yet)."),
            "the answer came too early");
        await using (var connection = await world.Database.OpenConnectionAsync())
            await connection.ExecuteAsync("INSERT INTO tallies VALUES ('anna', 1)");
        await handling;
        Assert.Empty(await world.ParkedAsync());
        Assert.EndsWith("Answered", Assert.Single(await world.EventsAsync()).Type, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_goes_wrong_once_is_tried_again_before_a_record_is_parked_for_it()
    {
        await using var world = await World.NewAsync(stage);
        var instance = await world.NewInstanceAsync();
        await using (var connection = await world.Database.OpenConnectionAsync())
            await connection.ExecuteAsync(
                """
                CREATE SEQUENCE tries;
                CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN IF nextval('tries') = 1 THEN RAISE 'for once'; END IF; RETURN NEW; END $$;
                CREATE TRIGGER fails BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION fail_once();
                """);
        await instance.HandleAsync(new Asked { Name = "anna", Number = 1, Note = "" });
        Assert.True(instance.Lines.Contain("for once"), instance.Lines.ToString());
        Assert.Empty(await world.ParkedAsync());
        Assert.Equal(1, (await world.TotalsAsync())["anna"]);
    }

    [Fact]
    public async Task Two_instances_given_the_same_records_at_once_answer_once()
    {
        await using var world = await World.NewAsync(stage);
        var instances = new[] { await world.NewInstanceAsync(), await world.NewInstanceAsync(),
            await world.NewInstanceAsync() };
        for (var round = 0; round < 10; round++)
        {
            var records = new List<ChainRecord>();
            for (var i = 0; i < 20; i++)
                records.Add(await world.Chain.NumberAsync(new Asked { Name = $"n{i % 5}", Number = 1, Note = "" }));
            await Task.WhenAll(instances.Select(instance => instance.HandleAsync(records.ToArray())));
        }
        var events = await world.EventsAsync();
        Assert.Equal(200, events.Count);
        Assert.Equal(200, events.Select(e => e.CausationId).Distinct().Count());
        Assert.Equal(200, (await world.TotalsAsync()).Values.Sum());
    }
}
