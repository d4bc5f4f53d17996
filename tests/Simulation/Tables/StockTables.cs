using System.Runtime.CompilerServices;
using Checkout.Chassis.Choreography;
using Checkout.Inventory;

namespace Checkout.Simulation.Tables;

/// <summary>Inventory's tables; compare Migrations/0101_stock.sql and StockBatch.</summary>
public sealed class StockTables(bool constrained = true) : ITables<StockCommand>
{
    private readonly Table<Guid, StockBatch.Ownership> _checkouts = new("a_checkout_assigns_once");

    public Table<string, long> Stock { get; } = new("stock", pieces => !constrained || pieces >= 0, "stock_never_below_zero");

    public Table<StockBatch.Ownership, Guid> Ownership { get; } = new("an_avatar_is_owned_once");

    public Table<StockBatch.Delivery, long> Deliveries { get; } = new("a_delivery_counts_once", pieces => pieces > 0, "a_delivery_adds");

    public IStateBatch<StockCommand> NewBatch() => new StockBatch();

    public ITables<StockCommand> NewShadow() => new StockTables(constrained: false);

    public IEnumerable<string> Rows() => [.. Stock.Texts(), .. Ownership.Texts(), .. Deliveries.Texts()];

    public void Load(IStateBatch<StockCommand> batch)
    {
        var states = (StockBatch)batch;
        foreach (var sku in Skus(states))
            if (Stock.TryGet(sku, out var pieces)) states.Available[sku] = pieces;
        foreach (var asked in Asked(states))
            if (Ownership.TryGet(asked, out _)) states.Owned.Add(asked);
        foreach (var delivery in References(states))
            if (Deliveries.TryGet(delivery, out _)) states.Deliveries.Add(delivery);
    }

    public void Save(IStateBatch<StockCommand> batch)
    {
        var states = (StockBatch)batch;
        foreach (var sku in First(states)) Stock.Insert(sku, states.Available[sku]);
        foreach (var sku in Changed(states).Except(First(states))) Stock.Update(sku, states.Available[sku]);
        foreach (var (ownership, checkout) in Assigned(states))
        {
            Ownership.Insert(ownership, checkout);
            _checkouts.Insert(checkout, ownership);
        }
        foreach (var (delivery, pieces) in Delivered(states)) Deliveries.Insert(delivery, pieces);
    }

    // The batch keeps its lists to itself; they are read here so that the simulation has the same rows read and written as SQL would.
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_skus")]
    private static extern ref SortedSet<string> Skus(StockBatch batch);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_asked")]
    private static extern ref HashSet<StockBatch.Ownership> Asked(StockBatch batch);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_references")]
    private static extern ref HashSet<StockBatch.Delivery> References(StockBatch batch);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_first")]
    private static extern ref HashSet<string> First(StockBatch batch);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_changed")]
    private static extern ref HashSet<string> Changed(StockBatch batch);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_assigned")]
    private static extern ref Dictionary<StockBatch.Ownership, Guid> Assigned(StockBatch batch);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_delivered")]
    private static extern ref List<(StockBatch.Delivery Delivery, long Quantity)> Delivered(StockBatch batch);
}
