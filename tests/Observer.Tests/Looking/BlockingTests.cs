using System.Net;
using System.Text;
using System.Text.Json;
using Checkout.Chassis.Operating;
using Checkout.Fixtures;
using Checkout.Observer.Asking;
using Checkout.Observer.Auditing;
using Checkout.Observer.Looking;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Checkout.Observer.Tests.Looking;

/// <summary>What blocks a checkout is named by what the processes say of themselves.</summary>
public sealed class BlockingTests
{
    private static readonly DateTime Now = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    private static readonly SeenEvent Created = new("store.checkouts", 17, 3, Guid.NewGuid(),
        "avatarstore.store.CheckoutCreated", "/store/0", Now, Now, null, null, null, null);

    private static readonly Story Pending = new(Guid.NewGuid())
    {
        Seen = Steps.Created,
        ExpiresAt = Now.AddMinutes(5),
    };

    [Fact]
    public async Task A_service_that_does_not_answer_is_named_with_its_reason() => Assert.Contains(
        "balance does not say how far it is (it answers 503)", Assert.Single(await OfAsync(null)).Sentence,
        StringComparison.Ordinal);

    [Fact]
    public async Task A_service_that_has_not_read_that_far_is_named_with_both_positions()
    {
        var blocker = Assert.Single(await OfAsync(Balance(handled: 12, head: 5)));
        Assert.Equal(("not-read", "balance has handled store.checkouts/3 up to position 12, and CheckoutCreated is at "
            + "17."), (blocker.What, blocker.Sentence));
    }

    [Fact]
    public async Task An_answer_that_LogTailer_has_not_published_is_named_by_its_position()
    {
        var blocker = Assert.Single(await OfAsync(Balance(handled: 17, head: 9), acknowledged: 7));
        Assert.Equal(("not-published", "logtailer"), (blocker.What, blocker.Who));
        Assert.Contains("has not published position 8 of balance.accounts (waiting: Kafka is away)", blocker.Sentence,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_parked_is_named_with_its_reason()
    {
        var blocker = Assert.Single(await OfAsync(Balance(handled: 17, head: 9), acknowledged: 9,
            new("store.checkouts", 17, "deduct-coins threw ArgumentException", true, Now)));
        Assert.Equal("parked", blocker.What);
        Assert.Contains("deduct-coins threw", blocker.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deadline_that_has_passed_is_said_beside_it() => Assert.Equal(
        ["nothing-told", "deadline-passed"],
        (await OfAsync(Balance(handled: 17, head: 9), acknowledged: 9, expiresAt: Now.AddSeconds(-1)))
        .Select(blocker => blocker.What));

    private static ProgressAnswer Balance(long handled, long head) => new("balance", "/balance/0", "balance.accounts",
        new(head), [new("store.checkouts", 3, handled)], [], [], null);

    private static async Task<IReadOnlyList<Blocker>> OfAsync(ProgressAnswer? balance, long? acknowledged = null,
        ParkedAtProgress? parked = null, DateTime? expiresAt = null)
    {
        using var service = new HandlerServer(new Says(balance));
        using var tailer = new HandlerServer(new Says(new
        {
            stores = new[]
            {
                new
                {
                    name = "balance", topic = "balance.accounts", state = "waiting", reason = "Kafka is away",
                    acknowledged, head = 9,
                },
            },
        }));
        using var processes = new Processes(new()
        {
            AskInterval = TimeSpan.FromMilliseconds(100),
            Processes =
            {
                new() { Name = "balance", Url = service.Url }, new() { Name = "logtailer", Url = tailer.Url },
            },
        }, TimeProvider.System, NullLogger<Processes>.Instance);
        await processes.StartAsync(TestContext.Current.CancellationToken);
        await Eventually.Until(() => processes.PublisherOf("balance.accounts") is not null
            && (balance is null ? processes.All[0].Problem == "it answers 503" : processes.Of("balance").Any()),
            "both are asked");
        await processes.StopAsync(TestContext.Current.CancellationToken);
        return Blocking.Of(Pending with { ExpiresAt = expiresAt ?? Pending.ExpiresAt }, "balance", Created,
            "balance.accounts", processes, parked, Now);
    }

    /// <summary>Null is a service that can't answer.</summary>
    private sealed class Says(object? answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken stop) =>
            Task.FromResult(answer is null ? new HttpResponseMessage(HttpStatusCode.ServiceUnavailable)
                : new(HttpStatusCode.OK)
                {
                    Content = new StringContent(JsonSerializer.Serialize(answer, JsonSerializerOptions.Web),
                        Encoding.UTF8, "application/json"),
                });
    }
}
