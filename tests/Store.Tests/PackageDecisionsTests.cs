using avatarstore;
using avatarstore.store;
using Avro.Specific;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.Entrance;
using Checkout.Fixtures;
using Checkout.Store.Packages;
using CsCheck;
using Xunit;

namespace Checkout.Store.Tests;

public sealed class PackageDecisionsTests
{
    private static readonly Package Gorilla = new("Gorilla", 500);
    private static readonly ListPackage List = new("GORILLA", "Gorilla", 500);

    [Fact]
    public void A_new_package_is_listed() => Then(null, List, Gorilla,
        new PackageListed { Sku = "GORILLA", Name = "Gorilla", PriceCoins = 500 });

    [Fact]
    public void A_package_may_be_free() => Then(null, List with { PriceCoins = 0 }, Gorilla with { PriceCoins = 0 },
        new PackageListed { Sku = "GORILLA", Name = "Gorilla", PriceCoins = 0 });

    [Fact]
    public void A_package_listed_like_this_already_stays_as_it_is() => Then(Gorilla, List, Gorilla);

    [Fact]
    public void A_package_listed_otherwise_already_is_a_fault_that_names_the_way()
    {
        var fault = Fault(Gorilla, List with { PriceCoins = 600 });
        Assert.Contains("change-price", fault.Message, StringComparison.Ordinal);
        Fault(Gorilla, List with { Name = "Ape" });
    }

    [Fact]
    public void A_package_is_listed_with_the_rarity_that_is_said_of_it() =>
        Then(null, List with { Rarity = Rarity.RARE }, Gorilla with { Rarity = Rarity.RARE },
            new PackageListed { Sku = "GORILLA", Name = "Gorilla", PriceCoins = 500, Rarity = Rarity.RARE });

    [Fact]
    public void What_was_listed_without_a_rarity_is_given_one_by_the_same_line_with_it_and_keeps_it()
    {
        var (rare, common) = (List with { Rarity = Rarity.RARE }, List with { Rarity = Rarity.COMMON });
        var isRare = Gorilla with { Rarity = Rarity.RARE };
        Then(Gorilla, rare, isRare, new RarityGiven { Sku = "GORILLA", Rarity = Rarity.RARE });
        Then(isRare, rare, isRare);
        Then(isRare, List, isRare);
        Assert.Contains("as rare", Fault(isRare, common).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_package_goes_off_sale_and_on_again_and_is_what_it_was_and_twice_is_once()
    {
        var off = Gorilla with { IsOnSale = false };
        Then(Gorilla, new TakeOffSale("GORILLA"), off, new PackageTakenOffSale { Sku = "GORILLA" });
        Then(off, new TakeOffSale("GORILLA"), off);
        Then(off, new PutOnSale("GORILLA"), Gorilla, new PackagePutOnSale { Sku = "GORILLA" });
        Then(Gorilla, new PutOnSale("GORILLA"), Gorilla);
        Fault(null, new TakeOffSale("GORILLA"));
        Fault(null, new PutOnSale("GORILLA"));
    }

    [Fact]
    public void What_is_off_sale_may_change_its_price_and_stays_off_sale_when_it_is_listed_again()
    {
        var off = Gorilla with { IsOnSale = false };
        Then(off, List, off);
        Then(off, new ChangePrice("GORILLA", 600), off with { PriceCoins = 600 },
            new PriceChanged { Sku = "GORILLA", PriceCoins = 600, PreviousPriceCoins = 500 });
    }

    [Fact]
    public void A_changed_price_says_what_it_was() =>
        Then(Gorilla, new ChangePrice("GORILLA", 600), Gorilla with { PriceCoins = 600 },
            new PriceChanged { Sku = "GORILLA", PriceCoins = 600, PreviousPriceCoins = 500 });

    [Fact]
    public void The_same_price_is_no_change() => Then(Gorilla, new ChangePrice("GORILLA", 500), Gorilla);

    [Fact]
    public void The_price_of_what_is_not_listed_is_a_fault() => Fault(null, new ChangePrice("GORILLA", 500));

    [Fact]
    public void A_price_below_zero_is_a_fault()
    {
        Fault(null, List with { PriceCoins = -1 });
        Fault(Gorilla, new ChangePrice("GORILLA", -1));
    }

    [Fact]
    public void A_price_above_what_every_client_can_hold_is_a_fault()
    {
        Fault(null, List with { PriceCoins = ExactNumber.Max + 1 });
        Assert.Contains("priceCoins is 9007199254740992",
            Fault(Gorilla, new ChangePrice("GORILLA", ExactNumber.Max + 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_the_prices_given_the_last_one_counts_and_each_change_follows_the_one_before() =>
        Gen.Select(Gen.Long[0, 3].Array[1, 20], Gen.Int[1, 10]).Sample((prices, size) =>
        {
            var store = Store(Gorilla);
            var before = Gorilla.PriceCoins;
            foreach (var file in prices.Chunk(size))
            {
                var steps = file.Select(price => Given(new ChangePrice("GORILLA", price))).ToList();
                foreach (var e in store.Run(steps).Cast<PriceChanged>())
                {
                    Assert.Equal(before, e.PreviousPriceCoins);
                    before = e.PriceCoins;
                }
                Assert.Equal(file[^1], before);
                Assert.Equal(file[^1], PackageIn(store)?.PriceCoins);
            }
        });

    private static Work<StoreRows> Given<TCommand>(TCommand command) where TCommand : notnull =>
        StoreChoreography.Table.WorkOf(command, Guid.Empty);

    private static InMemory<StoreRows> Store(Package? given)
    {
        var store = new InMemory<StoreRows>(StoreChoreography.Table, DateTime.UnixEpoch);
        return given is null ? store : store.Given(rows => rows.Packages.Add("GORILLA", given));
    }

    private static Package? PackageIn(InMemory<StoreRows> store) =>
        store.Memory.All(store.Rows.Packages).GetValueOrDefault("GORILLA");

    private static void Then<TCommand>(Package? given, TCommand when, Package after, params ISpecificRecord[] wanted)
        where TCommand : notnull
    {
        var store = Store(given);
        Assert.Equal(EventText.Of(wanted), EventText.Of(store.RunAlone(Given(when))));
        Assert.Equal(after, PackageIn(store));
    }

    /// <summary>A fault tells nothing and changes nothing.</summary>
    private static ArgumentException Fault<TCommand>(Package? given, TCommand when) where TCommand : notnull
    {
        var store = Store(given);
        var fault = Assert.Throws<ArgumentException>(() => store.RunAlone(Given(when)));
        Assert.Equal(given, PackageIn(store));
        return fault;
    }
}
