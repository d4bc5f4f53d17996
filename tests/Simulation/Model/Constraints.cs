using Checkout.Balance;
using Checkout.Inventory;
using Checkout.Store;

namespace Checkout.Simulation.Model;

/// <summary>What the databases refuse beside a key that is there already, by the names in their migrations.</summary>
/// <param name="isShadow">
/// A rebuild fills its tables partition by partition, so stock may be taken and coins spent before they were added.
/// </param>
public sealed class Constraints(bool isShadow)
{
    private readonly HashSet<Guid> _assigned = [];

    public void Check(string table, object key, object row)
    {
        if (Refusal(row) is { } refusal)
            throw new SimulationStoppedException($"{refusal}: {table} {key} would be {row}");
    }

    private string? Refusal(object row) => row switch
    {
        Account { Coins: < 0 } when !isShadow => "coins_never_below_zero",
        Deduction { Coins: < 0 } => "a_deduction_takes",
        Credit { Coins: <= 0 } => "a_credit_gives",
        Compensation { Coins: <= 0 } => "a_compensation_gives",
        StockOf { Available: < 0 } when !isShadow => "stock_never_below_zero",
        Ownership owned when !_assigned.Add(owned.CheckoutId) => "a_checkout_assigns_once",
        Delivery { Quantity: <= 0 } => "a_delivery_adds",
        Package { PriceCoins: < 0 } => "a_price_is_not_below_zero",
        CheckoutState checkout when IsUnderWay(checkout) != (checkout.EndedAt is null) => "a_checkout_ends_once",
        _ => null,
    };

    private static bool IsUnderWay(CheckoutState checkout) =>
        checkout.Status is CheckoutStatus.Pending or CheckoutStatus.RefundDue;
}
