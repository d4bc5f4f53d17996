using System.Globalization;
using System.Text.Json;
using Checkout.Contracts;
using Checkout.EndToEnd.Systems;
using Dapper;
using Npgsql;
using Xunit;

namespace Checkout.EndToEnd.Interop;

/// <summary>What a data team must get from the topics without knowing anything of this repository.</summary>
internal static class OutsideReader
{
    public static async Task AssertReadsAsync(TestSystem system)
    {
        var customer = await system.Game.NewAsync(coins: 700);
        var checkout = await system.Game.EndOfAsync(customer,
            await system.Game.BuyAsync(customer, "gorilla", "k", TestContext.Current.CancellationToken));
        var id = checkout.CheckoutId.ToString();

        var store = await StoryAsync(system, "store", Topics.StoreCheckouts, customer);
        Assert.Equal(["avatarstore.store.CheckoutCreated", "avatarstore.store.CheckoutCompleted"],
            store.Select(r => r.Headers["ce_type"]));
        Assert.All(store,
            r => AssertFields(r.Value, ("checkoutId", id), ("customerId", customer), ("sku", "gorilla"),
                ("priceCoins", 500)));
        Assert.Equal(checkout.ExpiresAt, Time(store[0].Value.GetProperty("expiresAt")));

        var balance = await StoryAsync(system, "balance", Topics.BalanceAccounts, customer);
        Assert.Equal(["avatarstore.balance.BalanceCredited", "avatarstore.balance.BalanceDeducted"],
            balance.Select(r => r.Headers["ce_type"]));
        AssertFields(balance[0].Value, ("customerId", customer), ("creditedCoins", 700), ("balanceCoins", 700),
            ("cause", "ACHIEVEMENT"));
        AssertFields(balance[1].Value, ("checkoutId", id), ("customerId", customer), ("sku", "gorilla"),
            ("priceCoins", 500), ("balanceCoins", 200));

        var inventory = await StoryAsync(system, "inventory", Topics.InventoryAvatars, customer);
        Assert.Equal(["avatarstore.inventory.AvatarAssigned"], inventory.Select(r => r.Headers["ce_type"]));
        AssertFields(inventory[0].Value, ("checkoutId", id), ("customerId", customer), ("sku", "gorilla"));

        Assert.All([.. store, balance[1], inventory[0]],
            r => Assert.Equal((id, checkout.TraceId),
                (r.Headers["ce_correlationid"], r.Headers["traceparent"].Split('-')[1])));
        Assert.Equal(store[0].Headers["ce_id"], balance[1].Headers["ce_causationid"]);
        Assert.Equal(balance[1].Headers["ce_id"], inventory[0].Headers["ce_causationid"]);
        Assert.Equal(inventory[0].Headers["ce_id"], store[1].Headers["ce_causationid"]);
    }

    /// <summary>
    /// The customer's records, after all of the topic was decoded: every event is there, and its header says the same
    /// as its value.
    /// </summary>
    private static async Task<List<Decoded>> StoryAsync(TestSystem system, string database, string topic,
        string customer)
    {
        var all = await Decoded.AllOfAsync(system.Addresses, topic);
        await using var connection = new NpgsqlConnection(system.Addresses.Database(database));
        Assert.Equal(await connection.ExecuteScalarAsync<long>("SELECT position FROM head"), all.Count);
        Assert.All(all, r =>
        {
            Assert.Equal(("1.0", "application/avro", r.Key),
                (r.Headers["ce_specversion"], r.Headers["content-type"], r.Headers["ce_subject"]));
            Assert.Equal(r.Headers["ce_id"], r.Value.GetProperty("eventId").GetString());
            Assert.Equal(
                DateTime.Parse(r.Headers["ce_time"], CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal),
                Time(r.Value.GetProperty("occurredAt")));
        });
        return all.Where(r => r.Key == customer).ToList();
    }

    private static void AssertFields(JsonElement value, params (string Name, object Value)[] expected) =>
        Assert.All(expected,
            e => Assert.Equal(Convert.ToString(e.Value, CultureInfo.InvariantCulture),
                value.GetProperty(e.Name).ToString()));

    /// <summary>timestamp-micros, as the client gives them: the number.</summary>
    private static DateTime Time(JsonElement micros) => DateTime.UnixEpoch.AddMicroseconds(micros.GetInt64());
}
