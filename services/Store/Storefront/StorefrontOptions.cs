namespace Checkout.Store.Storefront;

/// <summary>
/// Where a player's browser asks for what Store does not know. Without an address the page does without that part.
/// </summary>
public sealed class StorefrontOptions
{
    /// <summary>Balance's address as browsers reach it: it has the player's coins.</summary>
    public string? BalanceUrl { get; set; }

    /// <summary>Inventory's address as browsers reach it: it has the player's avatars, and what is left.</summary>
    public string? InventoryUrl { get; set; }

    public IEnumerable<string> Problems()
    {
        if (Problem(nameof(BalanceUrl), BalanceUrl, 5082) is { } balance) yield return balance;
        if (Problem(nameof(InventoryUrl), InventoryUrl, 5083) is { } inventory) yield return inventory;
    }

    /// <summary>What the page's script puts a path behind; null where there is none.</summary>
    public static string? Base(string? url) => string.IsNullOrWhiteSpace(url) ? null : url.TrimEnd('/');

    /// <summary>What the content security policy names: scheme, host and port.</summary>
    public static string? Origin(string? url)
    {
        if (Base(url) is not { } given) return null;
        var address = new Uri(given);
        var host = address.HostNameType == UriHostNameType.IPv6 ? address.Host : address.IdnHost;
        return $"{address.Scheme}://{host}{(address.IsDefaultPort ? "" : $":{address.Port}")}";
    }

    private static string? Problem(string name, string? url, int port) =>
        Base(url) is not { } given || IsAddress(given) ? null
            : $"Storefront:{name} can't be used; give the http or https address by which a browser reaches the "
                + $"service, such as http://localhost:{port}, without a query or a password.";

    private static bool IsAddress(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var address)
            && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps)
            && address is { Query: "", Fragment: "", UserInfo: "", Host.Length: > 0 };
}
