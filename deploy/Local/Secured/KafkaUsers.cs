using Checkout.Balance;
using Checkout.Chassis.Kafka;
using Checkout.Contracts;
using Checkout.Inventory;
using Checkout.Observer.Reading;
using Checkout.Servers;
using Checkout.Store;

namespace Checkout.Local.Secured;

/// <summary>The users of a secured system's Kafka, with the rights that follow from the choreographies.</summary>
internal static class KafkaUsers
{
    private static readonly IReadOnlyList<(string User, IEnumerable<KafkaRight> Rights)> All =
    [
        (StoreChoreography.Table.Service, Of(StoreChoreography.Table)),
        (BalanceChoreography.Table.Service, Of(BalanceChoreography.Table)),
        (InventoryChoreography.Table.Service, Of(InventoryChoreography.Table)),
        (Credentials.Tailer, KafkaRights.OfTailer(
            [StoreChoreography.Table.Topic, BalanceChoreography.Table.Topic, InventoryChoreography.Table.Topic])),
        (Credentials.Observer, KafkaRights.OfService(Credentials.Observer, ObservedEvents.All)),
        (Credentials.Game, KafkaRights.OfTeller(Topics.GameRewards)),
    ];

    /// <summary>Makes them, with the passwords of the folder and with no other rights.</summary>
    public static async Task MakeAsync(Broker broker, Credentials credentials)
    {
        using var admin = broker.Admin();
        foreach (var (user, rights) in All)
        {
            await KafkaSecurity.SetUserAsync(admin, user, credentials.UsersPassword(user));
            await KafkaSecurity.SetRightsAsync(admin, user,
                [.. rights.Select(right => (right.On, right.Name, right.Operation))]);
        }
    }

    private static IEnumerable<KafkaRight> Of<TRows>(Chassis.Choreography.Choreography<TRows> table) =>
        KafkaRights.OfService(table.Service, table.Read);
}
