using Checkout.Chassis;
using Checkout.Store.Checkouts;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace Checkout.Store.Tests;

public sealed class CheckoutOptionsTests
{
    [Theory]
    [InlineData("00:00:00", "Checkouts:Deadline is 00:00:00; give a time above zero, such as 00:05:00.")]
    [InlineData("soon", "Failed to convert configuration value 'soon' at 'Checkouts:Deadline'")]
    public void A_deadline_that_can_not_be_is_told_by_a_sentence(string deadline, string sentence)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("Checkouts:Deadline", deadline)])
            .Build();
        var (_, problems) = Settings.Read<CheckoutOptions>(configuration.GetSection("Checkouts"), o => o.Problems());
        Assert.StartsWith(sentence, Assert.Single(problems), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Objective", "00:00:00", "Checkouts:Objective is 00:00:00; give a time above zero")]
    [InlineData("LongestQueue", "00:00:04", "Checkouts:LongestQueue is 00:00:04; give a time of at least")]
    [InlineData("SurelyUnderWay", "0", "Checkouts:SurelyUnderWay is 0; give a number from 1")]
    [InlineData("MostUnderWay", "499", "Checkouts:MostUnderWay is 499; give at least Checkouts:SurelyUnderWay (500)")]
    [InlineData("Heartbeat", "00:00:00.5", "Checkouts:Heartbeat is 00:00:00.5000000; give a time from 00:00:01")]
    [InlineData("Heartbeat", "01:00:00", "Checkouts:Heartbeat is 01:00:00; give a time from 00:00:01")]
    [InlineData("MostFollowers", "0", "Checkouts:MostFollowers is 0; give a number from 1")]
    public void Limits_that_can_not_be_are_told_by_a_sentence(string setting, string value, string sentence)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([new($"Checkouts:{setting}", value)]).Build();
        var (_, problems) = Settings.Read<CheckoutOptions>(configuration.GetSection("Checkouts"), o => o.Problems());
        Assert.StartsWith(sentence, Assert.Single(problems), StringComparison.Ordinal);
    }
}
