using System.Text.Json;
using avatarstore;

namespace Checkout.Store.Packages;

/// <summary>Rarities as the API and operators' files name them, ultraRare; events and tables have ULTRA_RARE.</summary>
public static class Rarities
{
    private static readonly string Names = string.Join(", ",
        Enum.GetNames<Rarity>().Where(symbol => symbol != nameof(Rarity.UNKNOWN)).Select(Name));

    /// <summary>Of any symbol, also one that only a later version has.</summary>
    public static string Name(string symbol) => JsonNamingPolicy.CamelCase.ConvertName(
        string.Concat(symbol.Split('_').Select(word => word[..1] + word[1..].ToLowerInvariant())));

    /// <param name="name">Null where it is not said.</param>
    public static Rarity Of(string? name) => name is null ? Rarity.UNKNOWN
        : Enum.GetValues<Rarity>().FirstOrDefault(rarity => Name(rarity.ToString()) == name);

    /// <summary>What is wrong with the name, in a sentence that names the field; else null.</summary>
    public static string? Problem(string? name) => name is null || Of(name) != Rarity.UNKNOWN ? null
        : $"rarity is none of {Names}; leave it out where it is not known.";
}
