using avatarstore.store;
using Avro.Specific;

namespace Checkout.Store.Packages;

public abstract record PackageCommand(string Sku) : StoreCommand;

public sealed record ListPackage(string Sku, string Name, long PriceCoins) : PackageCommand(Sku);

public sealed record ChangePrice(string Sku, long PriceCoins) : PackageCommand(Sku);

public sealed record Package(string Sku, string Name, long PriceCoins);

/// <summary>The decisions about what is on sale, and for how much.</summary>
public static class PackageDecisions
{
    public static IReadOnlyList<ISpecificRecord> Decide(Package? package, PackageCommand command) => command switch
    {
        ListPackage { PriceCoins: < 0 } or ChangePrice { PriceCoins: < 0 } => throw new ArgumentException($"The price of {command.Sku} is below zero."),
        ListPackage c when package is null => [new PackageListed { Sku = c.Sku, Name = c.Name, PriceCoins = c.PriceCoins }],
        ListPackage c when package == new Package(c.Sku, c.Name, c.PriceCoins) => [],
        ListPackage c => throw new ArgumentException($"{c.Sku} is listed already, as {package!.Name} for {package.PriceCoins} coins; change its price with change-price."),
        ChangePrice c when package is null => throw new ArgumentException($"{c.Sku} is not listed; list it with list-packages."),
        ChangePrice c when package.PriceCoins == c.PriceCoins => [],
        ChangePrice c => [new PriceChanged { Sku = c.Sku, PriceCoins = c.PriceCoins, PreviousPriceCoins = package.PriceCoins }],
        _ => throw new ArgumentOutOfRangeException(nameof(command), command, "Store has no decision for it."),
    };

    public static Package Evolve(Package? package, ISpecificRecord happened) => happened switch
    {
        PackageListed e => new(e.Sku, e.Name, e.PriceCoins),
        PriceChanged e => package! with { PriceCoins = e.PriceCoins },
        _ => package!,
    };
}
