using avatarstore.inventory;
using Avro.Specific;
using Checkout.Chassis.Choreography;
using Dapper;
using Npgsql;

namespace Checkout.Inventory;

/// <summary>The stock and the ownership that one transaction is about. DDL: Migrations/0101_stock.sql.</summary>
public sealed class StockBatch : IStateBatch<StockCommand>
{
    public static readonly string[] Tables = ["stock", "ownership", "deliveries"];

    private readonly SortedSet<string> _skus = new(StringComparer.Ordinal);
    private readonly HashSet<Ownership> _asked = [];
    private readonly HashSet<Delivery> _references = [];
    private readonly HashSet<string> _changed = [];
    private readonly HashSet<string> _first = [];
    private readonly Dictionary<Ownership, Guid> _assigned = [];
    private readonly List<(Delivery Delivery, long Quantity)> _delivered = [];

    public readonly record struct Ownership(string CustomerId, string Sku);

    public readonly record struct Delivery(string Sku, string Reference);

    /// <summary>Pieces by sku.</summary>
    public Dictionary<string, long> Available { get; } = [];

    public HashSet<Ownership> Owned { get; } = [];

    public HashSet<Delivery> Deliveries { get; } = [];

    public void Need(StockCommand command)
    {
        _skus.Add(command.Sku);
        if (command is AssignAvatar assign) _asked.Add(new(assign.CustomerId, assign.Sku));
        if (command is AddStock add) _references.Add(new(add.Sku, add.Reference));
    }

    public void Need(ISpecificRecord happened)
    {
        if (happened is AvatarAssigned assigned) _skus.Add(assigned.Sku);
        if (happened is StockAdded added) _skus.Add(added.Sku);
    }

    public async Task LoadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var skus = _skus.ToArray();
        foreach (var (sku, available) in await connection.QueryAsync<(string, long)>(new CommandDefinition(
            "SELECT sku, available FROM stock WHERE sku = ANY(@skus) ORDER BY sku FOR UPDATE", new { skus }, cancellationToken: cancellation)))
            Available[sku] = available;
        if (_asked.Count > 0)
            foreach (var (customerId, sku) in await connection.QueryAsync<(string, string)>(new CommandDefinition(
                "SELECT customer_id, sku FROM ownership WHERE (customer_id, sku) IN (SELECT * FROM unnest(@Customers, @Skus))",
                new { Customers = _asked.Select(o => o.CustomerId).ToArray(), Skus = _asked.Select(o => o.Sku).ToArray() }, cancellationToken: cancellation)))
                Owned.Add(new(customerId, sku));
        if (_references.Count > 0)
            foreach (var (sku, reference) in await connection.QueryAsync<(string, string)>(new CommandDefinition(
                "SELECT sku, reference FROM deliveries WHERE (sku, reference) IN (SELECT * FROM unnest(@Skus, @References))",
                new { Skus = _references.Select(d => d.Sku).ToArray(), References = _references.Select(d => d.Reference).ToArray() }, cancellationToken: cancellation)))
                Deliveries.Add(new(sku, reference));
    }

    public IReadOnlyList<ISpecificRecord> Decide(StockCommand command) => StockDecisions.Decide(new(
        Available.TryGetValue(command.Sku, out var available) ? available : null,
        command is AssignAvatar assign && Owned.Contains(new(assign.CustomerId, assign.Sku)),
        command is AddStock add && Deliveries.Contains(new(add.Sku, add.Reference))), command);

    public void Evolve(ISpecificRecord happened)
    {
        switch (happened)
        {
            case AvatarAssigned e:
                Move(e.Sku, e);
                Owned.Add(new(e.CustomerId, e.Sku));
                _assigned.Add(new(e.CustomerId, e.Sku), e.CheckoutId);
                break;
            case StockAdded e:
                Move(e.Sku, e);
                Deliveries.Add(new(e.Sku, e.Reference));
                _delivered.Add((new(e.Sku, e.Reference), e.Quantity));
                break;
        }
    }

    private void Move(string sku, ISpecificRecord happened)
    {
        long? before = Available.TryGetValue(sku, out var pieces) ? pieces : null;
        if (before is null) _first.Add(sku);
        Available[sku] = StockDecisions.Available(before, happened);
        _changed.Add(sku);
    }

    public async Task SaveAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        // A plain insert: whoever stocked the sku first meanwhile makes this transaction fail and start again.
        await WriteAsync(_first, "INSERT INTO stock (sku, available) SELECT * FROM unnest(@Skus, @Pieces)");
        await WriteAsync(_changed.Except(_first).ToList(),
            "UPDATE stock SET available = s.available FROM unnest(@Skus, @Pieces) AS s(sku, available) WHERE stock.sku = s.sku");
        if (_assigned.Count > 0)
            await connection.ExecuteAsync(new CommandDefinition(
                "INSERT INTO ownership (customer_id, sku, checkout_id) SELECT * FROM unnest(@Customers, @Skus, @Checkouts)",
                new
                {
                    Customers = _assigned.Keys.Select(o => o.CustomerId).ToArray(),
                    Skus = _assigned.Keys.Select(o => o.Sku).ToArray(),
                    Checkouts = _assigned.Values.ToArray(),
                }, cancellationToken: cancellation));
        if (_delivered.Count > 0)
            await connection.ExecuteAsync(new CommandDefinition("INSERT INTO deliveries (sku, reference, quantity) SELECT * FROM unnest(@Skus, @References, @Quantities)",
                new
                {
                    Skus = _delivered.Select(d => d.Delivery.Sku).ToArray(),
                    References = _delivered.Select(d => d.Delivery.Reference).ToArray(),
                    Quantities = _delivered.Select(d => d.Quantity).ToArray(),
                }, cancellationToken: cancellation));

        Task WriteAsync(IReadOnlyCollection<string> skus, string sql) => skus.Count == 0 ? Task.CompletedTask : connection.ExecuteAsync(
            new CommandDefinition(sql, new { Skus = skus.ToArray(), Pieces = skus.Select(s => Available[s]).ToArray() }, cancellationToken: cancellation));
    }
}
