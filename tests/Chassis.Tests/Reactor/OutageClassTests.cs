using System.Net.Sockets;
using Checkout.Chassis.Registry;
using Checkout.Chassis.Resilience;
using Npgsql;
using Xunit;

namespace Checkout.Chassis.Tests.Reactor;

/// <summary>Which fault is whose: an outage's, two transactions', the data's, or a bug's.</summary>
public sealed class OutageClassTests
{
    [Theory]
    [InlineData("08006", "outage")] // connection failure
    [InlineData("53300", "outage")] // too many connections
    [InlineData("57P01", "outage")] // shut down by an administrator
    [InlineData("57P03", "outage")] // starting up
    [InlineData("58030", "outage")] // input/output error
    [InlineData("25006", "outage")] // a primary that became a standby
    [InlineData("25P03", "outage")] // the process was frozen in a transaction and its session ended
    [InlineData("28P01", "outage")] // a password that is being changed
    [InlineData("3D000", "outage")] // the database is not made yet
    [InlineData("40001", "collision")]
    [InlineData("40P01", "collision")]
    [InlineData("55P03", "collision")]
    [InlineData("23505", "collision, data")] // tried again; if it stays, somebody's fault
    [InlineData("22021", "data")]
    [InlineData("23514", "data")]
    [InlineData("54000", "data")] // a key that no index takes
    [InlineData("XX000", "data")] // whatever is not known to be an outage
    [InlineData("42P01", "database")] // a table that is missing: no record's fault
    [InlineData("42501", "database")]
    [InlineData("0A000", "database")] // a plan from before a migration
    public void A_servers_error_is_classed_by_its_state(string sqlState, string expected) =>
        Assert.Equal(expected, ClassOf(new PostgresException("message", "ERROR", "ERROR", sqlState)));

    [Fact]
    public void What_does_not_answer_is_an_outage_and_whatever_else_is_the_fault_of_one_record()
    {
        Exception[] outages =
            [new NpgsqlException("broken"), new SocketException(111), new TimeoutException(),
                new RegistryUnavailableException("away"), new SchemaRefusedException("401"),
                new SchemaContradictedException("another event")];
        Assert.All(outages, e => Assert.Equal("outage", ClassOf(e)));
        Exception[] bugs = [new InvalidOperationException(), new ArgumentException("argument"),
            new SchemaNotFoundException("404")];
        Assert.All(bugs, e => Assert.Equal("data", ClassOf(e)));
        Exception[] nobodys = [new OperationCanceledException(), new NotYetVisibleException("a commit")];
        Assert.All(nobodys, e => Assert.Equal("", ClassOf(e)));
    }

    private static string ClassOf(Exception e) => string.Join(", ",
        new[] { (Outage.IsOutage(e), "outage"), (Outage.IsCollision(e), "collision"),
            (Outage.IsOfTheDatabase(e), "database"),
            (Outage.IsFaultOfData(e), "data") }.Where(c => c.Item1).Select(c => c.Item2));
}
