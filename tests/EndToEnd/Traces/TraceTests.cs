using Checkout.Contracts;
using Checkout.EndToEnd.Http;
using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Checkout.Local.Demo;
using Xunit;

namespace Checkout.EndToEnd.Traces;

/// <summary>One trace a checkout, on the released Jaeger.</summary>
public sealed class TraceTests(TracedSystem traced) : IClassFixture<TracedSystem>
{
    private const int AtOnce = 200;
    private static readonly TimeSpan ExportedWithin = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_of_200_checkouts_at_once_is_one_whole_trace_through_every_service_it_went_to()
    {
        var (system, jaeger) = await traced.StartedAsync();
        var rare = $"rare-{Guid.NewGuid():N}";
        await system.OfferAsync((rare, 100, 10));
        var customers = await Task.WhenAll(Enumerable.Range(0, AtOnce)
            .Select(i => system.Game.NewAsync(coins: i % 4 == 0 ? 5 : 1_000)));
        var posted =
            await Task.WhenAll(
                customers.Select(async (customer, i) =>
                    (customer,
                        Checkout: await system.Game.BuyAsync(customer, i % 2 == 1 ? rare : "gorilla", "k", Cancel))));
        var ended = await Task.WhenAll(posted.Select(p => system.Game.EndOfAsync(p.customer, p.Checkout)));

        Assert.Equal(new Dictionary<string, int> { ["completed"] = 60, ["failed"] = 50, ["refunded"] = 90 },
            ended.CountBy(c => c.State).ToDictionary());
        Assert.Equal(AtOnce, ended.Select(c => c.TraceId).Distinct().Count());
        Assert.Equal(posted.Select(p => p.Checkout.TraceId), ended.Select(c => c.TraceId));
        foreach (var (customer, checkout) in customers.Zip(ended)) await AssertWholeAsync(jaeger, customer, checkout);
    }

    [Fact]
    public async Task A_post_sent_again_is_a_trace_of_its_own_that_bears_the_checkouts_id()
    {
        var (system, jaeger) = await traced.StartedAsync();
        var customer = await system.Game.NewAsync(coins: 500);
        var first = await system.Game.BuyAsync(customer, "gorilla", "k", Cancel);
        var (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        await Answer.PostAsync($"{system.Addresses.Store}/checkouts", """{"sku":"gorilla"}""", customer, "k",
            traceParent: $"00-{trace}-{parent}-01");

        IReadOnlyList<Span> spans = [];
        await Eventually.Until(async () => (spans = await jaeger.TraceAsync(trace)).Any(span => span.Parent == parent),
            "Jaeger has the second post", ExportedWithin);
        var post = Assert.Single(spans, span => span.Parent == parent);
        Assert.Equal(("store", "POST /checkouts", first.CheckoutId.ToString()),
            (post.Service, post.Operation, post.Tags["checkout.id"]));
    }

    [Fact]
    public async Task The_duration_of_a_checkout_has_its_trace_for_an_exemplar()
    {
        var (system, _) = await traced.StartedAsync();
        var customer = await system.Game.NewAsync(coins: 500);
        var checkout = await system.Game.EndOfAsync(customer, await system.Game.BuyAsync(customer, "gorilla", "k",
            Cancel));
        await Eventually.Until(async () => (await Answer.SendAsync(
            new(HttpMethod.Get, $"{system.Addresses.Store}/metrics")
            {
                Headers =
                {
                    Authorization = new("Bearer", Answer.TokenOf(system.Addresses.Store, "prometheus", "metrics")),
                    Accept = { new("application/openmetrics-text") },
                },
            }, null)).Text.Split('\n').Any(line => line.StartsWith("checkouts_duration_seconds_bucket",
                StringComparison.Ordinal) && line.Contains(checkout.TraceId!, StringComparison.Ordinal)),
            "the exemplar is told");
    }

    private static async Task AssertWholeAsync(Jaeger jaeger, string customer, CheckoutSeen checkout)
    {
        IReadOnlyList<Span> spans = [];
        string[] expected = [];
        try
        {
            expected = Expected(checkout);
            await Eventually.Until(async () =>
                Missing(expected, spans = await jaeger.TraceAsync(checkout.TraceId!)).Count == 0
                    && Orphans(spans).Count == 0, "the trace is whole", ExportedWithin);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"Checkout {checkout.CheckoutId}, {checkout.State}, trace {checkout.TraceId}:\nmissing "
                + $"{string.Join(", ", Missing(expected, spans))}\norphans "
                + $"{string.Join("; ", Orphans(spans))}\nspans\n{string.Join('\n', spans)}");
        }
        var story = spans.Where(span => span.Operation.StartsWith("send ", StringComparison.Ordinal)
            || span.Operation.StartsWith("process ", StringComparison.Ordinal)).ToList();
        Assert.All(story, span =>
        {
            Assert.Equal(checkout.CheckoutId.ToString(), span.Tags["checkout.id"]);
            Assert.Equal(span.Operation.StartsWith("send", StringComparison.Ordinal) ? "client" : "consumer",
                span.Tags["span.kind"]);
            Assert.Equal(span.Operation,
                $"{span.Tags["messaging.operation.name"]} {span.Tags["messaging.destination.name"]}");
            Assert.Equal("kafka", span.Tags["messaging.system"]);
            Assert.False(span.Tags.ContainsKey("error"), span.ToString());
            Assert.NotNull(span.Parent);
        });
        Assert.Equal(expected.Order(), story.Select(Named).Append("store POST /checkouts").Order());
        Assert.Equal(checkout.CheckoutId.ToString(),
            Assert.Single(spans, span => span.Parent is null).Tags["checkout.id"]);
        // Who bought is told by the events, not by their traces (docs/decisions/0001).
        Assert.All(spans, span => Assert.DoesNotContain(customer, span.Tags.Values));
    }

    /// <summary>Every event is sent once by the tailer, and processed by each service that reacts to it.</summary>
    private static string[] Expected(CheckoutSeen checkout)
    {
        string[] begin = ["store POST /checkouts", Send(Topics.StoreCheckouts),
            Process("balance", Topics.StoreCheckouts), Send(Topics.BalanceAccounts),
            Process("store", Topics.BalanceAccounts)];
        string[] inventory = [Process("inventory", Topics.BalanceAccounts), Send(Topics.InventoryAvatars),
            Process("store", Topics.InventoryAvatars)];
        string[] refund = [Process("balance", Topics.InventoryAvatars), Send(Topics.BalanceAccounts),
            Process("store", Topics.BalanceAccounts), Send(Topics.StoreCheckouts)];
        return checkout.State switch
        {
            "failed" => [.. begin, Send(Topics.StoreCheckouts)],
            "completed" => [.. begin, .. inventory, Send(Topics.StoreCheckouts)],
            _ => [.. begin, .. inventory, .. refund, Send(Topics.StoreCheckouts)],
        };
    }

    private static string Send(string topic) => $"logtailer send {topic}";

    private static string Process(string service, string topic) => $"{service} process {topic}";

    private static string Named(Span span) => $"{span.Service} {span.Operation}";

    private static List<string> Missing(string[] expected, IReadOnlyList<Span> spans)
    {
        var there = spans.CountBy(Named).ToDictionary();
        return expected.CountBy(name => name).Where(e => there.GetValueOrDefault(e.Key) < e.Value).Select(e => e.Key)
            .ToList();
    }

    private static List<Span> Orphans(IReadOnlyList<Span> spans)
    {
        var ids = spans.Select(span => span.Id).ToHashSet();
        return spans.Where(span => span.Parent is not null && !ids.Contains(span.Parent)).ToList();
    }
}
