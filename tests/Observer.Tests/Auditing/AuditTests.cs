using System.Text.Json.Nodes;
using avatarstore;
using avatarstore.balance;
using avatarstore.store;
using Checkout.Contracts;
using Checkout.Observer.Auditing;
using CsCheck;
using Xunit;

namespace Checkout.Observer.Tests.Auditing;

/// <summary>A right system is never accused, whatever order its topics are read in; each fault is found.</summary>
public sealed class AuditTests
{
    /// <summary>Three customers, of whom some buy one avatar, and whose stock and coins run out.</summary>
    private static readonly Gen<Tale> Streams = Gen.Select(Gen.Int[0, 2], Gen.Int[0, 3], Gen.Int[1, 1_000].Array[3],
        (stock, delivered, coins) =>
        {
            var stream = new Tale();
            for (var i = 0; i < delivered; i++) stream.Delivered(stock);
            for (var i = 0; i < coins.Length; i++) stream.Credited($"player-{i}", coins[i]);
            for (var i = 0; i < coins.Length; i++)
            {
                var checkout = stream.Bought($"player-{i}");
                if (coins[i] % 3 == 0) stream.Compensated($"player-{i}", checkout, coins[i]);
            }
            return stream;
        });

    [Fact]
    public void A_right_system_is_never_accused_whatever_topic_is_read_first() =>
        (from stream in Streams from order in Gen.Int[0, 2].Array[60] select (stream, order)).Sample(given =>
            Assert.Empty(Tale.Judge(Interleaved(given.stream.Events, given.order)).Findings), iter: 300);

    [Fact]
    public void Until_all_is_read_nothing_is_said_of_what_is_not_there() =>
        (from stream in Streams
         from order in Gen.Int[0, 2].Array[60]
         from most in Gen.Int[0, 30]
         select (stream, order, most)).Sample(given =>
     {
         var audit = new Audit(Tale.Tolerance);
         foreach (var e in Interleaved(given.stream.Events, given.order).Take(given.most)) audit.Hear(e, 0);
         Assert.Empty(audit.Findings);
     }, iter: 300);

    [Fact]
    public void Every_order_of_the_topics_comes_to_the_same() => Streams.Sample(stream =>
    {
        var one = Tale.Judge(stream.Events).Audit;
        var other = Tale.Judge(stream.Events.OrderBy(e => e.Topic, StringComparer.Ordinal)).Audit;
        Assert.Equal(one.Stories.Values.Select(s => s with { OddSince = null, LastAt = default, Reason = null })
            .OrderBy(s => s.CheckoutId), other.Stories.Values
            .Select(s => s with { OddSince = null, LastAt = default, Reason = null }).OrderBy(s => s.CheckoutId));
        Assert.Equal(one.Accounts, other.Accounts);
        Assert.Equal((one.Credited, one.Deducted, one.Refunded, one.Balances),
            (other.Credited, other.Deducted, other.Refunded, other.Balances));
        Assert.Equal(one.States.Where(s => s.Value != 0).OrderBy(s => s.Key),
            other.States.Where(s => s.Value != 0).OrderBy(s => s.Key));
    }, iter: 100);

    [Fact]
    public void A_balance_that_does_not_follow_from_the_one_before_is_found_with_both_events()
    {
        var (stream, id) = Bought();
        stream.Change("BalanceDeducted", id, "balanceCoins", JsonValue.Create(501L));
        var found = Tale.Judge(stream.Events).Findings.Single(f => f.Kind == Kinds.BalanceDoesNotFollow);
        Assert.Equal([(Topics.BalanceAccounts, 1L), (Topics.BalanceAccounts, 2L)], found.Places);
        Assert.Contains("player-1 had 1000", found.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stock_that_does_not_follow_from_the_one_before_is_found()
    {
        var (stream, id) = Bought();
        stream.Change("AvatarAssigned", id, "remainingStock", JsonValue.Create(2L));
        Found(stream, Kinds.StockDoesNotFollow);
    }

    [Fact]
    public void An_avatar_that_was_given_with_no_stock_left_is_found()
    {
        var (stream, id) = Bought();
        stream.Change(0, "quantity", JsonValue.Create(0L));
        stream.Change(0, "stock", JsonValue.Create(0L));
        stream.Change("AvatarAssigned", id, "remainingStock", JsonValue.Create(-1L));
        Found(stream, Kinds.StockDoesNotFollow);
    }

    [Theory]
    [InlineData("CheckoutCreated")]
    [InlineData("BalanceDeducted")]
    [InlineData("AvatarAssigned")]
    public void An_effect_whose_cause_is_on_no_topic_is_found_when_all_is_read(string lost)
    {
        var (stream, id) = Bought();
        stream.Events.Remove(stream.Find(lost, id));
        Found(stream, Kinds.EffectWithoutCause);
    }

    [Fact]
    public void A_checkout_that_ended_twice_is_found()
    {
        var (stream, id) = Bought();
        stream.Tell(Topics.StoreCheckouts, "player-1", Tale.Failed(id, "player-1", Reason.EXPIRED, refundDue: true));
        Found(stream, Kinds.StepsContradict);
    }

    [Fact]
    public void The_same_step_twice_is_found()
    {
        var (stream, id) = Bought();
        stream.Tell(Topics.StoreCheckouts, "player-1", new CheckoutCompleted
        {
            CheckoutId = id,
            CustomerId = "player-1",
            Sku = "gorilla",
            PriceCoins = 500,
        });
        Found(stream, Kinds.StepTwice);
    }

    [Fact]
    public void Coins_that_came_back_though_the_avatar_was_given_are_found()
    {
        var (stream, id) = Bought();
        stream.Tell(Topics.BalanceAccounts, "player-1", new BalanceRefunded
        {
            CheckoutId = id,
            CustomerId = "player-1",
            Sku = "gorilla",
            RefundedCoins = 500,
            Reason = Reason.SOLD_OUT,
            BalanceCoins = 1_000,
        });
        Found(stream, Kinds.StepsContradict);
    }

    [Fact]
    public void A_refund_of_other_coins_than_were_taken_is_found()
    {
        var stream = new Tale().Credited("player-1", 1_000);
        var id = stream.Bought("player-1");
        stream.Change("BalanceRefunded", id, "refundedCoins", JsonValue.Create(400L));
        stream.Change("BalanceRefunded", id, "balanceCoins", JsonValue.Create(900L));
        Found(stream, Kinds.CoinsNotConserved);
    }

    [Theory]
    [InlineData("customerId", "player-2")]
    [InlineData("sku", "palm")]
    public void Fields_that_differ_between_events_of_a_checkout_are_found(string field, string forged)
    {
        var (stream, id) = Bought();
        stream.Change("CheckoutCompleted", id, field, JsonValue.Create(forged));
        Found(stream, Kinds.FieldsDiffer);
    }

    [Fact]
    public void A_decision_that_came_after_the_deadline_is_found_whatever_is_read_first()
    {
        var (stream, id) = Bought();
        var at = stream.Events.IndexOf(stream.Find("AvatarAssigned", id));
        stream.Events[at] = stream.Events[at] with { OccurredAt = Tale.Start + TimeSpan.FromMinutes(6) };
        Found(stream, Kinds.AfterDeadline);
        stream.Events.Reverse(2, stream.Events.Count - 2);
        Assert.Contains(Tale.Judge(stream.Events).Findings, f => f.Kind == Kinds.AfterDeadline);
    }

    [Fact]
    public void Coins_that_came_twice_for_one_cause_and_reference_are_found()
    {
        var stream = new Tale().Credited("player-1", 1_000).Credited("player-1", 1_000);
        stream.Change(1, "reference", stream.Events[0].Fields!["reference"]!.DeepClone());
        Found(stream, Kinds.HappenedTwice);
    }

    [Fact]
    public void A_compensation_that_was_given_twice_for_one_checkout_and_reference_is_found()
    {
        var tale = new Tale().Credited("player-1", 500);
        var checkout = tale.Bought("player-1");
        tale.Compensated("player-1", checkout, 100, "ticket-1").Compensated("player-1", checkout, 50, "ticket-2");
        Assert.Empty(Tale.Judge(tale.Events).Findings);
        tale.Compensated("player-1", checkout, 100, "ticket-1");
        Assert.Equal(Kinds.HappenedTwice, Assert.Single(Tale.Judge(tale.Events).Findings).Kind);
    }

    [Fact]
    public void An_avatar_that_somebody_owns_twice_is_found()
    {
        var (stream, _) = Bought();
        stream.Bought("player-1");
        Found(stream, Kinds.HappenedTwice);
    }

    [Fact]
    public void Coins_that_appear_from_nowhere_are_found_in_the_sum_of_all()
    {
        var (stream, id) = Bought();
        stream.Change("BalanceDeducted", id, "balanceCoins", JsonValue.Create(700L));
        var found = Tale.Judge(stream.Events).Findings;
        Assert.Contains(found, f => f is { Kind: Kinds.CoinsNotConserved, Subject: "all" });
    }

    [Fact]
    public void A_link_that_names_another_position_than_the_one_before_is_found()
    {
        var (stream, id) = Bought();
        var at = stream.Events.IndexOf(stream.Find("CheckoutCompleted", id));
        stream.Events[at] = stream.Events[at] with { Previous = 0 };
        Found(stream, Kinds.ChainBroken);
    }

    [Fact]
    public void Behind_a_hole_figures_are_believed_and_judged_again_from_there_on()
    {
        var stream = new Tale().Delivered(3).Credited("player-1", 5_000).Credited("player-1", 1)
            .Credited("player-1", 2);
        var audit = new Audit(Tale.Tolerance);
        audit.Hear(stream.Events[1], 0);
        // Position 2 is missing.
        audit.Hear(stream.Events[3], passed: 2);
        Assert.Empty(audit.Findings);
        var forged = stream.Events[3] with { Position = 4, Fields = stream.Events[3].Fields };
        audit.Hear(forged, passed: 2);
        Assert.Contains(audit.Findings, f => f.Kind == Kinds.BalanceDoesNotFollow);
    }

    [Fact]
    public void Every_kind_has_a_fault_here_or_where_chains_are_read() =>
        Assert.Equal(13, Kinds.All.Distinct().Count());

    private static (Tale Tale, Guid CheckoutId) Bought()
    {
        var stream = new Tale().Delivered(2).Credited("player-1", 1_000);
        return (stream, stream.Bought("player-1"));
    }

    private static void Found(Tale stream, string kind)
    {
        var found = Tale.Judge(stream.Events).Findings;
        Assert.True(found.Any(f => f.Kind == kind), $"Found only: {string.Join(", ", found)}");
    }

    /// <summary>Each topic in its order, the topics in any.</summary>
    private static List<Told> Interleaved(List<Told> events, int[] order)
    {
        var topics = events.GroupBy(e => e.Topic).Select(of => new Queue<Told>(of)).ToList();
        var read = new List<Told>(events.Count);
        for (var i = 0; topics.Count > 0; i++)
        {
            var topic = topics[order[i % order.Length] % topics.Count];
            read.Add(topic.Dequeue());
            if (topic.Count == 0) topics.Remove(topic);
        }
        return read;
    }
}
