using Checkout.Chassis.Operating;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Reactor;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Dapper;
using Xunit;

namespace Checkout.Chassis.Tests.Operating;

/// <summary>How many events are parked, as a dashboard sees it.</summary>
public sealed class ParkedGaugeTests(Stage stage)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_table_that_is_missing_ends_nothing_and_is_asked_for_again()
    {
        await using var world = await World.NewAsync(stage, partitions: 1);
        var instance = await world.NewInstanceAsync();
        // One of each of its topics.
        await instance.HandleAsync(ReactorLoopTests.Asked("anna", Tallies.Unlucky));
        var fact = await world.Chain.NumberAsync(new Tipped
        {
            Name = "anna",
            Number = Tallies.Unlucky,
            Reference = "one",
        });
        await instance.Handling.HandleAsync([world.Chain.Received(fact) with { Topic = world.Facts }], Cancel);
        await using var connection = await world.Database.OpenConnectionAsync(Cancel);
        await connection.ExecuteAsync("ALTER TABLE parked RENAME TO elsewhere");
        using var gauge = new ParkedGauge<TallyRows>(world.Table, instance.Ready, instance.Database, instance.Meters,
            TimeProvider.System)
        { Interval = TimeSpan.FromMilliseconds(50) };
        await gauge.StartAsync(Cancel);
        await Eventually.Until(async () => await connection.ExecuteScalarAsync<bool>(
            """
            SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle'
                AND pid <> pg_backend_pid() AND query LIKE '%min(parked_at)%')
            """), "it has asked in vain");
        await connection.ExecuteAsync("ALTER TABLE elsewhere RENAME TO parked");
        await Eventually.Until(() => instance.Readings.Gauge("reactor.parked.rows") == 1, "it says what is parked");
        await gauge.StopAsync(Cancel);
    }
}
