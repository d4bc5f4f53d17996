using avatarstore.game;
using Checkout.Local.Demo;
using Xunit;

namespace Checkout.EndToEnd.Systems;

/// <summary>Customers of a test's own, with the coins it needs.</summary>
internal static class Players
{
    /// <summary>For what must come and may take long on a machine that is busy with other tests.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(150);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static string NewName(string who = "player") => $"{who}-{Guid.NewGuid():N}";

    /// <summary>Names whose events fall on each of the partitions, in their order.</summary>
    public static string[] OnePerPartition(int partitions) => Enumerable.Range(0, partitions).Select(partition =>
        Enumerable.Range(0, int.MaxValue).Select(_ => NewName())
            .First(name => Chassis.WireFormat.Murmur2.Hash(name) % partitions == partition)).ToArray();

    public static async Task<string> NewAsync(this Game game, long coins)
    {
        var customer = NewName();
        await game.GiveAsync(customer, coins);
        return customer;
    }

    public static async Task GiveAsync(this Game game, string customer, long coins)
    {
        await game.RewardAsync(customer, coins);
        await game.UntilCoinsAsync(customer, coins, Patience, Cancel);
    }

    /// <summary>The game tells it, whoever is there to hear.</summary>
    public static Task RewardAsync(this Game game, string customer, long coins) => game.TellAsync(
        new AchievementCompleted
        {
            EventId = Guid.CreateVersion7(),
            OccurredAt = DateTime.UtcNow,
            CustomerId = customer,
            AchievementId = "test",
            Coins = coins
        }, customer, Cancel);

    public static Task<CheckoutSeen> EndOfAsync(this Game game, string customer, CheckoutSeen checkout) =>
        game.EndOfAsync(customer, checkout.CheckoutId, Patience, Cancel);
}
