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
}
