namespace Checkout.Chassis.Edge;

/// <summary>What the edge of a service takes, and from whom a browser may ask it.</summary>
public sealed class EdgeOptions
{
    private const int MostRequests = 100_000;

    /// <summary>How many requests one caller may send a second, in the long run, to one instance.</summary>
    public int RequestsPerSecond { get; set; } = 50;

    /// <summary>How many of one caller's requests one instance takes at once after a pause.</summary>
    public int Burst { get; set; } = 200;

    /// <summary>How many requests and streams of one caller one instance has open.</summary>
    public int MostOpen { get; set; } = 100;

    /// <summary>
    /// Origins whose pages may ask from a browser, such as https://store.example.com; no other may.
    /// </summary>
    public List<string> AllowedOrigins { get; set; } = [];

    public IEnumerable<string> Problems()
    {
        foreach (var (name, value) in new[] { (nameof(RequestsPerSecond), RequestsPerSecond), (nameof(Burst), Burst),
            (nameof(MostOpen), MostOpen) })
            if (value is < 1 or > MostRequests)
                yield return $"Edge:{name} is {value}; give a number from 1 to {MostRequests}.";
        foreach (var origin in AllowedOrigins.Where(origin => !IsOrigin(origin)))
            yield return $"Edge:AllowedOrigins has {origin}; give origins only, such as https://store.example.com: "
                + "scheme, host and port, without a path, in lower case. * is none: list whose pages may ask.";
    }

    /// <summary>As a browser writes it (RFC 6454, section 6.2): what it sends is compared letter by letter.</summary>
    private static bool IsOrigin(string text) => Uri.TryCreate(text, UriKind.Absolute, out var url)
        && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp)
        && url.GetLeftPart(UriPartial.Authority) == text && url.UserInfo.Length == 0;
}
