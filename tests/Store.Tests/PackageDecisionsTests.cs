using avatarstore.store;
using Avro.Specific;
using Checkout.Fixtures;
using Checkout.Store.Packages;
using CsCheck;
using Xunit;

namespace Checkout.Store.Tests;

public sealed class PackageDecisionsTests
{
    private static readonly Package Gorilla = new("GORILLA", "Gorilla", 500);
    private static readonly ListPackage List = new("GORILLA", "Gorilla", 500);

    [Fact]
    public void A_new_package_is_listed() => Then(null, List, new PackageListed { Sku = "GORILLA", Name = "Gorilla", PriceCoins = 500 });

    [Fact]
    public void A_package_may_be_free() => Then(null, List with { PriceCoins = 0 }, new PackageListed { Sku = "GORILLA", Name = "Gorilla", PriceCoins = 0 });

    [Fact]
    public void A_package_listed_like_this_already_stays_as_it_is() => Then(Gorilla, List);

    [Fact]
    public void A_package_listed_otherwise_already_is_a_fault_that_names_the_way()
    {
        var fault = Assert.Throws<ArgumentException>(() => PackageDecisions.Decide(Gorilla, List with { PriceCoins = 600 }));
        Assert.Contains("change-price", fault.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => PackageDecisions.Decide(Gorilla, List with { Name = "Ape" }));
    }

    [Fact]
    public void A_changed_price_says_what_it_was() =>
        Then(Gorilla, new ChangePrice("GORILLA", 600), new PriceChanged { Sku = "GORILLA", PriceCoins = 600, PreviousPriceCoins = 500 });

    [Fact]
    public void The_same_price_is_no_change() => Then(Gorilla, new ChangePrice("GORILLA", 500));

    [Fact]
    public void The_price_of_what_is_not_listed_is_a_fault() =>
        Assert.Throws<ArgumentException>(() => PackageDecisions.Decide(null, new ChangePrice("GORILLA", 500)));

    [Fact]
    public void A_price_below_zero_is_a_fault()
    {
        Assert.Throws<ArgumentException>(() => PackageDecisions.Decide(null, List with { PriceCoins = -1 }));
        Assert.Throws<ArgumentException>(() => PackageDecisions.Decide(Gorilla, new ChangePrice("GORILLA", -1)));
    }

    [Fact]
    public void Whatever_the_prices_given_the_last_one_counts_and_each_change_follows_the_one_before() => Gen.Long[0, 3].Array[1, 20].Sample(prices =>
    {
        var package = Gorilla;
        foreach (var price in prices)
        {
            foreach (var e in PackageDecisions.Decide(package, new ChangePrice("GORILLA", price)))
            {
                Assert.Equal(package.PriceCoins, ((PriceChanged)e).PreviousPriceCoins);
                package = PackageDecisions.Evolve(package, e);
            }
            Assert.Equal(price, package.PriceCoins);
        }
    });

    private static void Then(Package? given, PackageCommand when, params ISpecificRecord[] wanted) =>
        Assert.Equal(EventText.Of(wanted), EventText.Of(PackageDecisions.Decide(given, when)));
}
