using System.Text.Json.Nodes;
using avatarstore;
using avatarstore.balance;
using avatarstore.inventory;
using avatarstore.store;
using Avro.Specific;
using Checkout.Chassis.WireFormat;
using Checkout.Contracts;
using Checkout.Observer.Auditing;

namespace Checkout.Observer.Tests.Auditing;

/// <summary>
/// What a right system tells: a shop, and customers who buy. Numbered as their stores do; a test changes something in
/// it, and asks what the audit says.
/// </summary>
internal sealed class Tale
{
    public static readonly DateTime Start = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);
    public static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(2);

    private const int Partitions = 3;
    private readonly Dictionary<string, long> _balances = [];
    private readonly Dictionary<(string Topic, int Partition), long> _last = [];
    private readonly Dictionary<string, long> _positions = [];
    private long _stock;
    private int _checkouts;
    private DateTime _now = Start;

    /// <summary>In the order in which they happened.</summary>
    public List<Told> Events { get; } = [];

    public Tale Delivered(long quantity)
    {
        _stock += quantity;
        Tell(Topics.InventoryAvatars, "gorilla", new StockAdded
        {
            Sku = "gorilla",
            Quantity = quantity,
            Stock = _stock,
            Reference = $"d{Events.Count}",
        });
        return this;
    }

    public Tale Credited(string customer, long coins)
    {
        Tell(Topics.BalanceAccounts, customer, new BalanceCredited
        {
            CustomerId = customer,
            CreditedCoins = coins,
            BalanceCoins = _balances[customer] = _balances.GetValueOrDefault(customer) + coins,
            Cause = CreditCause.OPERATOR,
            Reference = $"c{Events.Count}",
        });
        return this;
    }

    /// <summary>Coins for a checkout that went wrong.</summary>
    public Tale Compensated(string customer, Guid checkout, long coins, string reference = "ticket")
    {
        Tell(Topics.BalanceAccounts, customer, new CompensationGranted
        {
            CheckoutId = checkout,
            CustomerId = customer,
            GrantedCoins = coins,
            BalanceCoins = _balances[customer] = _balances.GetValueOrDefault(customer) + coins,
            Reference = reference,
            Who = "agent-7",
            Why = "late",
        });
        return this;
    }

    /// <summary>A checkout as the services would decide it.</summary>
    public Guid Bought(string customer, long price = 500)
    {
        var id = new Guid(++_checkouts, 7, 0, new byte[8]);
        Tell(Topics.StoreCheckouts, customer, new CheckoutCreated
        {
            CheckoutId = id,
            CustomerId = customer,
            Sku = "gorilla",
            PriceCoins = price,
            ExpiresAt = _now + TimeSpan.FromMinutes(5),
        });
        var before = _balances.GetValueOrDefault(customer);
        if (before < price)
        {
            Tell(Topics.BalanceAccounts, customer, new DeductionRejected
            {
                CheckoutId = id,
                CustomerId = customer,
                Sku = "gorilla",
                PriceCoins = price,
                Reason = Reason.INSUFFICIENT_FUNDS,
                BalanceCoins = before,
            });
            Tell(Topics.StoreCheckouts, customer, Failed(id, customer, Reason.INSUFFICIENT_FUNDS, refundDue: false));
            return id;
        }
        Tell(Topics.BalanceAccounts, customer, new BalanceDeducted
        {
            CheckoutId = id,
            CustomerId = customer,
            Sku = "gorilla",
            PriceCoins = price,
            BalanceCoins = _balances[customer] = before - price,
            ExpiresAt = _now + TimeSpan.FromMinutes(4),
        });
        // The deadline is that of the checkout.
        Change(Events.Count - 1, "expiresAt", JsonValue.Create(Find("CheckoutCreated", id).ExpiresAt));
        if (_stock > 0) Assign(id, customer, price);
        else Refund(id, customer, price);
        return id;
    }

    public Told Find(string name, Guid checkout) => Events.Single(e => e.Name == name && e.CheckoutId == checkout);

    /// <summary>Forges a field of an event.</summary>
    public void Change(int at, string field, JsonNode? value)
    {
        var fields = Events[at].Fields!.DeepClone().AsObject();
        fields[field] = value;
        Events[at] = Events[at] with { Fields = fields };
    }

    public void Change(string name, Guid checkout, string field, JsonNode? value) =>
        Change(Events.IndexOf(Find(name, checkout)), field, value);

    /// <summary>An event that is not answered by any other.</summary>
    public Told Tell(string topic, string key, ISpecificRecord told)
    {
        _now += TimeSpan.FromMilliseconds(7);
        var partition = (Murmur2.Hash(key) & int.MaxValue) % Partitions;
        var position = _positions[topic] = _positions.GetValueOrDefault(topic) + 1;
        var previous = _last.GetValueOrDefault((topic, partition));
        _last[(topic, partition)] = position;
        var fields = EventJson.Of(told);
        var e = new Told(topic, partition, position, previous, new Guid((int)position, (short)topic.Length, 9,
            new byte[8]), told.GetType().Name, _now, fields)
        { ReadAt = _now };
        Events.Add(e);
        return e;
    }

    public static CheckoutFailed Failed(Guid id, string customer, Reason reason, bool refundDue) => new()
    {
        CheckoutId = id,
        CustomerId = customer,
        Sku = "gorilla",
        Reason = reason,
        RefundDue = refundDue,
    };

    /// <summary>What the audit says of these, each store's in the order of its positions, read in this order.</summary>
    public static (IReadOnlyList<Finding> Findings, Audit Audit) Judge(IEnumerable<Told> events)
    {
        var audit = new Audit(Tolerance);
        var chains = new Dictionary<string, ChainState>();
        foreach (var e in events)
        {
            var before = chains.GetValueOrDefault(e.Topic) ?? new(0, 0, new Dictionary<int, long>());
            var (after, finding) = ChainRules.Next(before, e);
            chains[e.Topic] = after;
            if (finding is not null) audit.Findings.Add(finding);
            audit.Hear(e, after.Passed);
        }
        audit.Findings.AddRange(audit.Stories.Values.SelectMany(CheckoutRules.WhenAllIsRead));
        if (FigureRules.InAll(audit.Credited, audit.Deducted, audit.Refunded, audit.Balances) is { } all)
            audit.Findings.Add(all);
        return (audit.Findings, audit);
    }

    private void Assign(Guid id, string customer, long price)
    {
        Tell(Topics.InventoryAvatars, customer, new AvatarAssigned
        {
            CheckoutId = id,
            CustomerId = customer,
            Sku = "gorilla",
            PriceCoins = price,
            RemainingStock = --_stock,
        });
        Tell(Topics.StoreCheckouts, customer, new CheckoutCompleted
        {
            CheckoutId = id,
            CustomerId = customer,
            Sku = "gorilla",
            PriceCoins = price,
        });
    }

    private void Refund(Guid id, string customer, long price)
    {
        Tell(Topics.InventoryAvatars, customer, new AssignmentRejected
        {
            CheckoutId = id,
            CustomerId = customer,
            Sku = "gorilla",
            PriceCoins = price,
            Reason = Reason.SOLD_OUT,
        });
        Tell(Topics.StoreCheckouts, customer, Failed(id, customer, Reason.SOLD_OUT, refundDue: true));
        Tell(Topics.BalanceAccounts, customer, new BalanceRefunded
        {
            CheckoutId = id,
            CustomerId = customer,
            Sku = "gorilla",
            RefundedCoins = price,
            Reason = Reason.SOLD_OUT,
            BalanceCoins = _balances[customer] += price,
        });
        Tell(Topics.StoreCheckouts, customer, new CheckoutRefunded
        {
            CheckoutId = id,
            CustomerId = customer,
            Sku = "gorilla",
            RefundedCoins = price,
        });
    }
}
