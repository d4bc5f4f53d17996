using avatarstore;
using Checkout.Store.Packages;
using Xunit;

namespace Checkout.Store.Tests;

public sealed class PackageOperatorsTests
{
    [Fact]
    public void Packages_and_prices_are_given_by_sku()
    {
        Assert.Single(PackageOperators.List.Read(Package("palm", "Palm [ULTRA RARE]", "9007199254740991")));
        Assert.Single(PackageOperators.ChangePrice.Read(Price("palm", "0")));
    }

    [Theory]
    [InlineData("", "Palm", "1", "sku is empty")]
    [InlineData("pa/lm", "Palm", "1", "sku has U+002F")]
    [InlineData("palm", "", "1", "name is empty")]
    [InlineData("palm", @"Pa\u0007lm", "1", "name has U+0007")]
    [InlineData("palm", "Palm", "-1", "priceCoins is -1")]
    [InlineData("palm", "Palm", "9007199254740992", "priceCoins is 9007199254740992")]
    public void What_is_wrong_with_a_package_is_told_by_line_and_field(string sku, string name, string coins,
        string said) =>
        Assert.StartsWith($"Line 1, entry 1: {said}", Assert.Throws<FormatException>(() =>
            PackageOperators.List.Read(Package(sku, name, coins))).Message, StringComparison.Ordinal);

    [Fact]
    public void Skus_and_names_are_bounded()
    {
        var (sku, name) = (new string('s', 100), new string('n', 200));
        Assert.Single(PackageOperators.List.Read(Package(sku, name, "1")));
        Assert.Contains("sku has 101 characters", Fault(Package(sku + "s", name, "1")), StringComparison.Ordinal);
        Assert.Contains("name has 201 characters", Fault(Package(sku, name + "n", "1")), StringComparison.Ordinal);

        static string Fault(string file) =>
            Assert.Throws<FormatException>(() => PackageOperators.List.Read(file)).Message;
    }

    [Theory]
    [InlineData("", "1", "sku is empty")]
    [InlineData("palm", "9007199254740992", "priceCoins is 9007199254740992")]
    [InlineData("palm", "1.5", "priceCoins is 1.5")]
    public void What_is_wrong_with_a_price_is_told_by_line_and_field(string sku, string coins, string said) =>
        Assert.StartsWith($"Line 1, entry 1: {said}", Assert.Throws<FormatException>(() =>
            PackageOperators.ChangePrice.Read(Price(sku, coins))).Message, StringComparison.Ordinal);

    [Fact]
    public void The_price_of_what_was_listed_under_an_older_rule_can_be_changed() =>
        Assert.Single(PackageOperators.ChangePrice.Read(Price("palm tree", "1")));

    [Theory]
    [InlineData("ultraRare", Rarity.ULTRA_RARE)]
    [InlineData("common", Rarity.COMMON)]
    public void A_package_may_say_its_rarity(string said, Rarity rarity)
    {
        var line = Assert.Single(PackageOperators.List.Read(Rated(said)));
        Assert.Equal(new ListPackage("palm", "Palm", 1, rarity), line.Step);
    }

    [Theory]
    [InlineData("unknown")]
    [InlineData("ULTRA_RARE")]
    [InlineData("")]
    public void A_rarity_is_one_of_three(string said) =>
        Assert.Equal("Line 1, entry 1: rarity is none of common, rare, ultraRare; leave it out where it is not known.",
            Assert.Throws<FormatException>(() => PackageOperators.List.Read(Rated(said))).Message);

    [Theory]
    [InlineData("ULTRA_RARE", "ultraRare")]
    [InlineData("UNKNOWN", "unknown")]
    [InlineData("ONE_OF_A_KIND", "oneOfAKind")]
    public void A_rarity_is_shown_as_the_api_spells_it_even_one_of_a_later_version(string symbol, string shown) =>
        Assert.Equal(shown, Rarities.Name(symbol));

    [Fact]
    public void What_goes_off_sale_and_comes_back_is_named_by_sku_even_by_one_of_an_older_rule()
    {
        Assert.Equal(new TakeOffSale("palm tree"),
            Assert.Single(PackageOperators.TakeOffSale.Read("""[{"sku": "palm tree"}]""")).Step);
        Assert.Equal(new PutOnSale("palm"),
            Assert.Single(PackageOperators.PutOnSale.Read("""[{"sku": "palm"}]""")).Step);
        Assert.StartsWith("Line 1, entry 1: sku is empty", Assert.Throws<FormatException>(() =>
            PackageOperators.PutOnSale.Read("""[{"sku": ""}]""")).Message, StringComparison.Ordinal);
    }

    private static string Rated(string rarity) =>
        $$"""[{"sku": "palm", "name": "Palm", "priceCoins": 1, "rarity": "{{rarity}}"}]""";

    private static string Package(string sku, string name, string coins) =>
        $$"""[{"sku": "{{sku}}", "name": "{{name}}", "priceCoins": {{coins}}}]""";

    private static string Price(string sku, string coins) => $$"""[{"sku": "{{sku}}", "priceCoins": {{coins}}}]""";
}
