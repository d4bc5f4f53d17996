using avatarstore;
using avatarstore.game;
using avatarstore.inventory;
using avatarstore.store;
using Avro.Specific;
using Checkout.Chassis.Choreography;
using Checkout.Fixtures;
using Xunit;

namespace Checkout.Balance.Tests;

public sealed class BalanceChoreographyTests
{
    private static readonly Guid Cause = Guid.Parse("0198c0de-0000-7000-8000-000000000001");
    private static readonly Guid Charged = Guid.Parse("6a3f0f0e-0000-7000-8000-000000000001");
    private static readonly DateTime Now = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void The_table_is_whole() => Assert.Empty(BalanceChoreography.Table.Problems());

    /// <summary>Another id would be a second answer to what was answered before: these stand for ever.</summary>
    [Fact]
    public void The_ids_of_answers_follow_from_the_cause_and_the_reaction_name()
    {
        var balance = new InMemory<BalanceRows>(BalanceChoreography.Table, Now).Given(rows =>
        {
            rows.Accounts.Add("c-1", new(1_000));
            rows.Deductions.Add(Charged, new("c-1", 500, Refunded: false));
        });
        var any = Guid.NewGuid();
        ISpecificRecord[] heard =
        [
            new CheckoutCreated { EventId = Cause, CustomerId = "c-1", Sku = "GORILLA", ExpiresAt = Now },
            new AssignmentRejected { EventId = Cause, CustomerId = "c-1", Sku = "GORILLA", CheckoutId = Charged },
            // The ids of what answers these follow from their business keys.
            new GameRegistered { EventId = any, CustomerId = "c-1", GameId = "chess", Coins = 1 },
            new DailyRewardClaimed { EventId = any, CustomerId = "c-1", Day = Now.Date, Coins = 1 },
            new AchievementCompleted { EventId = any, CustomerId = "c-1", AchievementId = "first-win", Coins = 1 },
        ];
        Work<BalanceRows>[] steps =
        [
            .. heard.Select(balance.Heard),
            .. BalanceOperators.Credit.Read("""[{"customerId": "c-1", "coins": 1, "reference": "sorry"}]"""),
            BalanceChoreography.Table.WorkOf(new CreditCoins("c-1", CreditCause.OPERATOR, "welcome", 1), Cause),
            new GrantCompensation(Charged, "c-1", 1, "ticket-1", "support", "late").ToWork(),
        ];
        Assert.Equal(
        [
            "deduct-coins: 0198c0de-0000-89fa-b034-18309d418d33",
            "refund-coins: 0198c0de-0000-8767-a6cb-ad3bf07641b7",
            "credit-game-registered: 37f23bae-cc6a-83ba-9499-17bda37cf09f",
            "credit-daily-reward: 19e6f117-0125-8784-ae20-841b518d6091",
            "credit-achievement: caff5ed5-df47-889a-a279-58b3390e95b0",
            "credit: 99ba55ed-7655-8f09-805d-f1f2ca689139",
            "credit: 0198c0de-0000-8397-8420-353a6cfc5c95",
            "grant-compensation: 866e6d10-0289-881f-adc8-e57ec9fbdb81",
        ], steps.Select(balance.IdsOf));
        Assert.Equal(balance.Answering.Order(), steps.Select(step => step.Reaction).Distinct().Order());
    }
}
