using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Checkout.Observer.Board;
using Checkout.Observer.Looking;
using Xunit;

namespace Checkout.Observer.Tests.Board;

/// <summary>The first view, as the server makes it.</summary>
public sealed partial class BoardPageTests
{
    private const string Hostile = "\"><script>alert('x')</script>";

    private static readonly DateTime At = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);
    private static readonly Guid Checkout = Guid.Parse("01981c5e-8f6a-7c3b-9d2e-4f1a6b8c0d2e");

    private static readonly BoardFigures Quiet = new(At, new(12_408, 0, 1.24, 0.44, At, 500, [], [], [],
        [new("store.checkouts", "CheckoutCreated", 12_500), new("store.checkouts", "CheckoutCompleted", 12_408)], 0, 3),
        new([], []), new([]), new([]));

    [GeneratedRegex("<script ")]
    private static partial Regex Scripts();

    [Fact]
    public void One_line_says_it_all()
    {
        var page = Render(Quiet);
        Assert.Contains("12,408 purchases, 0 wrong, oldest waiting 1.2 s, audit 0.4 s behind</p>", page,
            StringComparison.Ordinal);
        Assert.Contains("24,908 events are judged, 500 coins are paid and not delivered, 3 records on the topics are "
            + "no events.", page, StringComparison.Ordinal);
        Assert.Contains("As of <time datetime=\"2026-01-02T03:04:05.0000000Z\">2026-01-02 03:04:05Z</time>.", page,
            StringComparison.Ordinal);
        Assert.Contains("audit not done yet</p>", Render(Quiet with
        {
            Summary = Quiet.Summary with { AuditAgeSeconds = null },
        }), StringComparison.Ordinal);
    }

    [Fact]
    public void Each_arrow_has_its_count()
    {
        var page = Render(Quiet);
        Assert.Matches("data-event=\"CheckoutCreated\">12,500<", page);
        Assert.Matches("data-event=\"BalanceRefunded\">0<", page);
        foreach (var told in new[] { "CheckoutCreated", "DeductionRejected", "BalanceDeducted", "AvatarAssigned",
            "AssignmentRejected", "BalanceRefunded", "CheckoutCompleted", "CheckoutFailed", "CheckoutRefunded" })
            Assert.Contains($"data-event=\"{told}\"", page, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_stuck_parked_and_wrong_is_listed()
    {
        var page = Render(Troubled("gorilla", "player-1"));
        Assert.Contains($"data-look=\"{Checkout}\">{Checkout}</button></td><td>gorilla</td><td>balance</td>"
            + "<td>pending</td><td>2026-01-02 03:04:05Z</td>", page, StringComparison.Ordinal);
        Assert.Contains("<td>CheckoutCreated (store.checkouts 17)</td>", page, StringComparison.Ordinal);
        Assert.Contains("<pre>{&#xA; &quot;customerId&quot;: &quot;player-1&quot;&#xA;}</pre>", page,
            StringComparison.Ordinal);
        Assert.Contains("<article data-key=\"1\"><h3 class=\"bad\">balance-does-not-follow</h3>", page,
            StringComparison.Ordinal);
        Assert.Contains("<p>Settled by sre-1: a drill</p>", page, StringComparison.Ordinal);
        Assert.Single(Regex.Matches(page, "data-settle"));
    }

    [Fact]
    public void Where_nothing_is_wrong_it_says_so()
    {
        var page = Render(Quiet);
        foreach (var sentence in new[] { "Nothing is stuck.", "Nothing is parked.", "Nothing is wrong." })
            Assert.Contains(sentence, page, StringComparison.Ordinal);
    }

    [Fact]
    public void No_customer_no_reason_and_no_field_can_be_more_than_text()
    {
        var page = Render(Troubled(Hostile, Hostile), new(
        [
            new(Hostile, At, Hostile, null, [], null, []),
            new("balance", At, null, 17, [], new(17, 0, Hostile), []),
            new("logtailer", At, null, null, [], null, [new(Hostile, Hostile, 1, 1)]),
        ]));
        Assert.Single(Scripts().Matches(page));
        Assert.DoesNotContain("<script>", page, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;", page, StringComparison.Ordinal);
    }

    [Fact]
    public void It_has_nothing_inline() =>
        Assert.DoesNotMatch(@"\sstyle=|<style|\son\w+=|javascript:", Render(Troubled("gorilla", "player-1")));

    [Fact]
    public void Each_process_says_how_far_it_is_and_how_its_rows_compare_with_its_events()
    {
        var page = Render(Quiet, new(
        [
            new("balance", At, null, 12_500, [], new(12_480, 3.2, null), []),
            new("balance-2", At, null, 12_500, [], null, []),
            new("store", At, null, 7, [], new(7, 0.4, "posts: the events lead to 1."), []),
            new("logtailer", At, null, null, [], null, [new("balance.accounts", "active", 12_499, 12_500)]),
            new("inventory", At, "it answers 500", null, [], null, []),
        ]));
        Assert.Contains("<tr><td>balance</td><td>answers</td><td>up to 12,480, 3 s ago</td><td>12,500</td></tr>", page,
            StringComparison.Ordinal);
        Assert.Contains("<td>by another instance, or not yet</td><td>12,500</td>", page, StringComparison.Ordinal);
        Assert.Contains("<span class=\"bad\">up to 7, 0 s ago: posts: the events lead to 1.</span>", page,
            StringComparison.Ordinal);
        Assert.Contains("<td></td><td>balance.accounts: 12,499 of 12,500, active</td>", page, StringComparison.Ordinal);
        Assert.Contains("<td><span class=\"bad\">it answers 500</span></td><td></td><td></td>", page,
            StringComparison.Ordinal);
    }

    private static BoardFigures Troubled(string sku, string customer) => Quiet with
    {
        Stuck = new([new("balance", 1)], [new(Checkout, sku, 500, "pending", "balance", At)]),
        Parked = new([new("balance", "store.checkouts", 17, "CheckoutCreated", new() { ["customerId"] = customer },
            $"{customer} has too many coins", Blocks: true, At)]),
        Violations = new(
        [
            new(1, "balance-does-not-follow", $"{customer} at 17", $"{customer} had 1500.", At, 1,
                [new JsonObject { ["customerId"] = customer }], null, null, null),
            new(2, "event-twice", "17", "Twice.", At, 1, [], At, "sre-1", "a drill"),
        ]),
    };

    private static string Render(BoardFigures figures, ProcessesAnswer? processes = null) =>
        new BoardPage().Render(new()
        {
            IsSignedIn = true,
            Figures = figures,
            Processes = processes ?? new([]),
        });
}
