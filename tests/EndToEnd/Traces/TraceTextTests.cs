using Checkout.Local.Events;
using Checkout.Local.Traces;
using Xunit;
using Kept = Checkout.Local.Traces.Span;

namespace Checkout.EndToEnd.Traces;

/// <summary>What `trace ID` prints of spans, and of events where there are none.</summary>
public sealed class TraceTextTests
{
    private static readonly DateTime Noon = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";

    [Fact]
    public void Each_span_is_below_its_parent_with_what_it_took_and_waited_for()
    {
        string[] wanted =
        [
            $"Trace {Trace}: 4 spans of balance, logtailer, store, 20.0 ms, checkout c-1",
            "",
            "     began      took",
            "    0.0 ms   10.0 ms  store  POST /checkouts",
            "    8.0 ms    3.0 ms    logtailer  send store.checkouts: from the commit to Kafka's acknowledgement",
            "   12.5 ms    7.5 ms    balance  process store.checkouts, after 1.5 ms in the broker",
            "   13.0 ms    1.0 ms      balance  postgresql",
        ];
        Kept[] spans =
        [
            Span("d", "c", "balance", "postgresql", 13, 1),
            Span("c", "a", "balance", "process store.checkouts", 12.5, 7.5, Message("process")),
            Span("a", null, "store", "POST /checkouts", 0, 10, [("checkout.id", "c-1")]),
            Span("b", "a", "logtailer", "send store.checkouts", 8, 3, Message("send")),
        ];
        Assert.Equal(wanted, TraceText.Of(Trace, spans));
    }

    [Fact]
    public void A_span_whose_parent_nobody_exported_is_told_at_the_left_and_a_fault_by_its_type()
    {
        var line = TraceText.Of(Trace, [Span("b", "b7ad6b7169203331", "store", "POST /checkouts", 0, 1,
            [("error.type", "500")])]).Last();
        Assert.Equal("    0.0 ms    1.0 ms  store  POST /checkouts, error: 500, below b7ad6b71..., which is not here",
            line);
    }

    /// <summary>Nothing that somebody else exports may hang a reader, or hide a span.</summary>
    [Fact]
    public void Spans_that_are_each_others_parents_or_have_one_id_are_told_all_the_same()
    {
        Kept[] circle = [One("a", "b"), One("b", "a"), One("c", "c")];
        Assert.Equal(3 + circle.Length, TraceText.Of(Trace, circle).Count());
        Kept[] twice = [One("a", null), One("a", null), One("b", "a")];
        Assert.Equal(3 + twice.Length, TraceText.Of(Trace, twice).Count());

        static Kept One(string id, string? parent) => Span(id, parent, "x", "one", 0, 1);
    }

    [Fact]
    public void Events_are_told_below_their_causes_with_the_time_since_them()
    {
        var created = Event("store", "CheckoutCreated", 0, null);
        var deducted = Event("balance", "BalanceDeducted", 12.3, created.Id);
        var assigned = Event("inventory", "AvatarAssigned", 30, deducted.Id);
        var given = Event("balance", "CompensationGranted", 60_000, null);
        Assert.Equal(
        [
            "4 events, 60000.0 ms; no spans of it are kept, so this is what the stores say",
            "",
            "        at     after",
            "    0.0 ms            store  CheckoutCreated",
            "   12.3 ms   12.3 ms    balance  BalanceDeducted",
            "   30.0 ms   17.7 ms      inventory  AvatarAssigned",
            "60000.0 ms            balance  CompensationGranted",
        ], TraceText.Of(StoredEvent.InOrder([assigned, given, created, deducted])));
    }

    private static (string, string)[] Message(string operation) =>
    [
        ("messaging.operation.name", operation), ("messaging.message.id", "m-1"),
        ("messaging.destination.name", "store.checkouts"), ("checkout.id", "c-1"),
    ];

    private static Kept Span(string id, string? parent, string service, string name, double began, double took,
        params (string Name, string Value)[] tags) => new(id, parent, service, name, Noon.AddMilliseconds(began),
            TimeSpan.FromMilliseconds(took), tags.ToDictionary(tag => tag.Name, tag => tag.Value));

    private static StoredEvent Event(string store, string name, double after, Guid? cause) => new()
    {
        Store = store,
        Topic = "t",
        Position = 1,
        Previous = 0,
        Partition = 0,
        Id = Guid.NewGuid(),
        Key = "player-1",
        Type = $"avatarstore.{store}.{name}",
        At = Noon.AddMilliseconds(after),
        Cause = cause,
        Fields = [],
    };
}
