using avatarstore.balance;
using Checkout.Chassis.Choreography;
using Checkout.Fixtures;
using Xunit;

namespace Checkout.Inventory.Tests;

public sealed class InventoryChoreographyTests
{
    private static readonly Guid Cause = Guid.Parse("0198c0de-0000-7000-8000-000000000001");
    private static readonly DateTime Now = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void The_table_is_whole() => Assert.Empty(InventoryChoreography.Table.Problems());

    /// <summary>Another id would be a second answer to what was answered before: these stand for ever.</summary>
    [Fact]
    public void The_ids_of_answers_follow_from_the_cause_and_the_reaction_name()
    {
        var inventory = new InMemory<InventoryRows>(InventoryChoreography.Table, Now);
        var deducted = new BalanceDeducted { EventId = Cause, CustomerId = "c-1", Sku = "GORILLA", ExpiresAt = Now };
        Work<InventoryRows>[] steps =
        [
            inventory.Heard(deducted),
            // Its id follows from its business key.
            .. InventoryOperators.AddStock.Read("""[{"sku": "GORILLA", "quantity": 1, "reference": "delivery-1"}]"""),
            InventoryChoreography.Table.WorkOf(new AddStock("GORILLA", "delivery-2", 1), Cause),
        ];
        Assert.Equal(
        [
            "assign-avatar: 0198c0de-0000-8768-b20e-7e218cb1333b",
            "add-stock: 64d2f749-b9d8-8e9b-b27e-8e11d829d0b4",
            "add-stock: 0198c0de-0000-8459-8d33-9922e72c9739",
        ], steps.Select(inventory.IdsOf));
        Assert.Equal(inventory.Answering.Order(), steps.Select(step => step.Reaction).Distinct().Order());
    }
}
