using Checkout.Balance;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Inbox;
using Checkout.Chassis.Kafka;
using Checkout.Chassis.State;
using Checkout.Inventory;
using Checkout.Store;
using Confluent.Kafka.Admin;
using Dapper;
using Npgsql;
using Xunit;

namespace Checkout.Services.Tests;

/// <summary>What the roles and users of the services may do follows from what the services declare.</summary>
public sealed class RightsTests(Databases databases)
{
    [Theory]
    [MemberData(nameof(Databases.Services), MemberType = typeof(Databases))]
    public async Task Every_statement_of_a_batch_is_allowed_to_who_serves_and_no_change_of_an_event(string service)
    {
        var (database, declared) = await databases.NewAsync(service);
        var role = $"{service}_{Guid.NewGuid():N}"[..30];
        await using var connection = await database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await connection.ExecuteAsync($"CREATE ROLE {role}");
        await new StoreRoles(role, null).GrantAsync(connection, declared.Tables);
        await connection.ExecuteAsync($"SET ROLE {role}");
        var trip = new RoundTrip();
        foreach (var table in declared.Tables) ((dynamic)new PostgresRows(trip)).AddEvery((dynamic)table);
        Handled.Lock(trip, [("topic", 0)]);
        Handled.Advance(trip, new Dictionary<(string, int), Progress> { [("topic", 0)] = new(1, null) });
        Handled.LockTopic(trip, "topic");
        Parked.Keys(trip, [("topic", "key")]);
        Parked.First(trip, "topic", "key", 0, _ => { });
        Parked.Free(trip, 1, "discard", "sre", "why");
        Reactions.Keep(trip, [("topic", "type", "name")]);
        Reactions.Retire(trip, "name", "sre", "why", _ => { });
        await trip.RunAsync(connection, TestContext.Current.CancellationToken);
        foreach (var change in new[] { "UPDATE events SET key = ''", "DELETE FROM events", "TRUNCATE events" })
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege,
                (await Assert.ThrowsAsync<PostgresException>(() => connection.ExecuteAsync(change))).SqlState);
        await connection.ExecuteAsync($"RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}");
    }

    [Fact]
    public void A_service_may_read_what_its_choreography_names_and_write_nothing()
    {
        Check(StoreChoreography.Table);
        Check(BalanceChoreography.Table);
        Check(InventoryChoreography.Table);

        static void Check<TRows>(Choreography<TRows> table)
        {
            var rights = KafkaRights.OfService(table.Service, table.Read).ToList();
            Assert.All(rights, right => Assert.Equal(AclOperation.Read, right.Operation));
            Assert.Equal(table.Service, Assert.Single(rights, right => right.On == ResourceType.Group).Name);
            var topics = rights.Where(right => right.On == ResourceType.Topic).Select(right => right.Name).ToList();
            Assert.Empty(table.Topics.Except(topics));
            Assert.Empty(topics.Except(table.Topics).Except([table.Topic]));
        }
    }
}
