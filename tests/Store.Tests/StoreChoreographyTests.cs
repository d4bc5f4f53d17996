using avatarstore.balance;
using avatarstore.inventory;
using Checkout.Chassis.Choreography;
using Checkout.Fixtures;
using Checkout.Store.Checkouts;
using Checkout.Store.Packages;
using Xunit;

namespace Checkout.Store.Tests;

public sealed class StoreChoreographyTests
{
    private static readonly Guid Cause = Guid.Parse("0198c0de-0000-7000-8000-000000000001");
    private static readonly Guid Posted = Guid.Parse("6a3f0f0e-0000-7000-8000-000000000001");
    private static readonly DateTime Now = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void The_table_is_whole() => Assert.Empty(StoreChoreography.Table.Problems());

    /// <summary>Another id would be a second answer to what was answered before: these stand for ever.</summary>
    [Fact]
    public void The_ids_of_answers_follow_from_the_cause_and_the_reaction_name()
    {
        var post = new CreateCheckout(Guid.NewGuid(), "c-1", "key-1", "GORILLA", Now, TimeSpan.FromMinutes(5));
        Work<StoreRows>[] steps =
        [
            StoreChoreography.Table.WorkOf(post, Cause),
            Store().Heard(new DeductionRejected { EventId = Cause, CheckoutId = Posted }),
            Store().Heard(new AvatarAssigned { EventId = Cause, CheckoutId = Posted }),
            Store().Heard(new AssignmentRejected { EventId = Cause, CheckoutId = Posted }),
            Store().Heard(new BalanceRefunded { EventId = Cause, CheckoutId = Posted }),
            // Its id follows from its business key.
            .. PackageOperators.List.Read("""[{"sku": "TIGER", "name": "Tiger", "priceCoins": 900}]"""),
            StoreChoreography.Table.WorkOf(new ListPackage("TIGER", "Tiger", 900), Cause),
            // What is listed is given a rarity, under a key of its own.
            .. PackageOperators.List.Read(
                """[{"sku": "GORILLA", "name": "Gorilla", "priceCoins": 500, "rarity": "rare"}]"""),
            StoreChoreography.Table.WorkOf(new ChangePrice("GORILLA", 900), Cause),
            StoreChoreography.Table.WorkOf(new TakeOffSale("GORILLA"), Cause),
            StoreChoreography.Table.WorkOf(new PutOnSale("PALM"), Cause),
        ];
        Assert.Equal(
        [
            "create-checkout: 0198c0de-0000-8336-babc-43d18d865c1f",
            "fail-unfunded: 0198c0de-0000-8636-a36f-49e7c9a9c876",
            "complete: 0198c0de-0000-8395-85e7-1ce49d4793bf",
            "fail-unassigned: 0198c0de-0000-8600-96e2-9ec4ee0c0601",
            // Heard before the refusal, it tells that too.
            "refund: 0198c0de-0000-8b90-9552-d0ac65a60a58, 0198c0de-0000-831f-972b-8d59471af467",
            "list-package: 3a4493df-3bc0-8e0b-aa82-ff7258eb0de2",
            "list-package: 0198c0de-0000-874d-8489-f5e4f5cbd373",
            "list-package: 09672101-9457-8397-9eaa-8a43907ef1c2",
            "change-price: 0198c0de-0000-82e7-922f-2922dd5da5dd",
            "take-off-sale: 0198c0de-0000-8d5a-b05b-00413796d2b0",
            "put-on-sale: 0198c0de-0000-8f04-85b6-0d985bcf8640",
        ], steps.Select(step => Store().IdsOf(step)));
        Assert.Equal(Store().Answering.Order(), steps.Select(step => step.Reaction).Distinct().Order());
    }

    private static InMemory<StoreRows> Store() => new InMemory<StoreRows>(StoreChoreography.Table, Now).Given(rows =>
    {
        rows.Packages.Add("GORILLA", new("Gorilla", 500));
        rows.Packages.Add("PALM", new("Palm", 500_000_000, IsOnSale: false));
        rows.Checkouts.Add(Posted, new("c-1", "GORILLA", 500, CheckoutStatus.Pending, null, Now, Now, EndedAt: null));
    });
}
