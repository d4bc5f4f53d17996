using System.Diagnostics;
using avatarstore.balance;
using avatarstore.inventory;
using avatarstore.store;
using Avro;
using Avro.Specific;
using Checkout.Chassis.EventStore;
using Checkout.Contracts;

namespace Checkout.Benchmarks;

/// <summary>
/// An owner of facts, and what it tells of a successful checkout: real events, with every header they have in
/// production.
/// </summary>
internal sealed record Owner(string Name, string Topic, Func<Story, ISpecificRecord> Tell)
{
    public static readonly Owner Store = new("store", Topics.StoreCheckouts, s => s.Ordinal % 2 == 0
        ? new CheckoutCreated
        {
            EventId = s.EventId,
            OccurredAt = s.At,
            CheckoutId = s.CheckoutId,
            CustomerId = s.CustomerId,
            Sku = s.Sku,
            PriceCoins = s.PriceCoins,
            ExpiresAt = s.At.AddMinutes(5),
        }
        : new CheckoutCompleted
        {
            EventId = s.EventId,
            OccurredAt = s.At,
            CheckoutId = s.CheckoutId,
            CustomerId = s.CustomerId,
            Sku = s.Sku,
            PriceCoins = s.PriceCoins,
        });

    public static readonly Owner Balance = new("balance", Topics.BalanceAccounts, s => new BalanceDeducted
    {
        EventId = s.EventId,
        OccurredAt = s.At,
        CheckoutId = s.CheckoutId,
        CustomerId = s.CustomerId,
        Sku = s.Sku,
        PriceCoins = s.PriceCoins,
        ExpiresAt = s.At.AddMinutes(5),
        BalanceCoins = 550_000_000,
    });

    public static readonly Owner Inventory = new("inventory", Topics.InventoryAvatars, s => new AvatarAssigned
    {
        EventId = s.EventId,
        OccurredAt = s.At,
        CheckoutId = s.CheckoutId,
        CustomerId = s.CustomerId,
        Sku = s.Sku,
        PriceCoins = s.PriceCoins,
        RemainingStock = 4_999,
    });

    public IEnumerable<RecordSchema> Schemas =>
        new[] { Tell(new(0)), Tell(new(1)) }.Select(e => (RecordSchema)e.Schema).Distinct();

    public NewEvent Event(int ordinal)
    {
        var story = new Story(ordinal);
        var told = Tell(story);
        return new()
        {
            EventId = story.EventId,
            Key = story.CustomerId,
            Type = ((RecordSchema)told.Schema).Fullname,
            OccurredAt = story.At,
            CorrelationId = story.CheckoutId.ToString(),
            CausationId = Guid.CreateVersion7(),
            TraceParent = $"00-{ActivityTraceId.CreateRandom()}-{ActivitySpanId.CreateRandom()}-01",
            Payload = EventCodec.Encode(told),
        };
    }
}

/// <summary>One purchase of one of many customers.</summary>
internal sealed class Story(int ordinal)
{
    private const int Customers = 10_000;

    public int Ordinal => ordinal;
    public Guid EventId { get; } = Guid.CreateVersion7();
    public Guid CheckoutId { get; } = Guid.CreateVersion7();
    // Microseconds are what an event keeps.
    public DateTime At { get; } = new(DateTime.UtcNow.Ticks / 10 * 10, DateTimeKind.Utc);
    public string CustomerId { get; } = $"player-{ordinal * 7919L % Customers:D8}";
    public string Sku { get; } = "gorilla";
    public long PriceCoins { get; } = 500;
}
