using Checkout.Chassis.EventStore;
using Npgsql;
using Xunit;

namespace Checkout.Chassis.Tests.EventStore;

public sealed class ConnectionTextTests
{
    private const string Strange = """ a;b='c"\d e%{0}Host=evil """;

    [Fact]
    public void A_password_given_apart_is_the_password_whatever_is_in_it()
    {
        var with = ConnectionText.With("Host=db;Database=store;Username=store", Strange);
        var parsed = new NpgsqlConnectionStringBuilder(with);
        Assert.Equal((Strange, "db", "store"), (parsed.Password, parsed.Host, parsed.Username));
        Assert.True(ConnectionText.HasPassword(with));
        Assert.False(ConnectionText.HasPassword("Host=db"));
    }

    [Theory]
    [InlineData("Hots=db", "Couldn't set hots")]
    [InlineData("Host=db;Port=many", "Couldn't set port")]
    [InlineData("Host=db;Password=hun;ter2=x", "write a password with a ;")]
    [InlineData("Password=hun;ter2=x;Host=db", "write a password with a ;")]
    [InlineData("Password=a'b;hunter2", "")]
    [InlineData("Host=db;Password='hunter2", "")]
    [InlineData("Host=db;Pwd=a;hunter2=b", "write a password with a ;")]
    public void What_is_wrong_is_said_without_any_part_of_the_password(string text, string sentence)
    {
        var fault = ConnectionText.Fault(text);
        if (fault is null) return;
        Assert.Contains(sentence, fault, StringComparison.Ordinal);
        Assert.DoesNotContain("ter2", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void What_can_be_used_has_no_fault() =>
        Assert.Null(ConnectionText.Fault("Host=db;Database=store;Username=store;Password='a;b'"));
}
