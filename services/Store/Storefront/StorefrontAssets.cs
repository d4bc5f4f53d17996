using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace Checkout.Store.Storefront;

/// <summary>
/// What the page consists of beside its HTML: its script, its style and the drawings, from the assembly. Each is served
/// under a name with a hash of its content, and so is kept by a browser for good.
/// </summary>
public sealed class StorefrontAssets
{
    public const string Path = "/assets/";

    /// <summary>Drawings are avatar.{sku}.svg; there is one for a sku that nobody has drawn.</summary>
    private const string Drawing = "avatar.", DrawingKind = ".svg", Undrawn = "unknown";

    private const string Prefix = "storefront/";
    private const string ForGood = "public, max-age=31536000, immutable", NotKept = "no-store";

    /// <summary>What stands alone, opened by its address, needs and may nothing.</summary>
    private const string Policy = "default-src 'none'; frame-ancestors 'none'";

    private readonly Dictionary<string, Asset> _assets;

    public StorefrontAssets()
    {
        var assembly = typeof(StorefrontAssets).Assembly;
        _assets = assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(name => Asset.Read(assembly, name, name[Prefix.Length..])).ToDictionary(asset => asset.Name);
    }

    /// <summary>The skus that somebody has drawn, and their drawings' addresses.</summary>
    public IEnumerable<(string Sku, string Url)> Drawings => _assets.Keys
        .Where(name => name.StartsWith(Drawing, StringComparison.Ordinal))
        .Select(name => name[Drawing.Length..^DrawingKind.Length]).Where(sku => sku != Undrawn)
        .Order(StringComparer.Ordinal).Select(sku => (sku, Url(FileOf(sku))));

    public string Url(string name) => Path + _assets[name].HashedName;

    /// <summary>Of palm-gold it is that of palm, as long as nobody has drawn palm-gold.</summary>
    public string DrawingOf(string sku)
    {
        for (var length = sku.Length; length > 0; length = sku.LastIndexOf('-', length - 1))
            if (_assets.ContainsKey(FileOf(sku[..length]))) return Url(FileOf(sku[..length]));
        return Url(FileOf(Undrawn));
    }

    /// <summary>
    /// A name with another hash is of another version's page, which a browser still shows or an instance beside this
    /// one has made: it gets what this version has, and does not keep it.
    /// </summary>
    public Results<FileContentHttpResult, NotFound> Get(string file, HttpResponse response)
    {
        if (!_assets.TryGetValue(WithoutHash(file), out var asset)) return TypedResults.NotFound();
        var headers = response.Headers;
        headers.CacheControl = file == asset.HashedName ? ForGood : NotKept;
        headers.ContentSecurityPolicy = Policy;
        return TypedResults.File(asset.Content, asset.ContentType, entityTag: new EntityTagHeaderValue(asset.Tag));
    }

    private static string FileOf(string sku) => Drawing + sku + DrawingKind;

    private static string WithoutHash(string file)
    {
        var kind = file.LastIndexOf('.');
        var hash = kind <= 0 ? -1 : file.LastIndexOf('.', kind - 1);
        return hash < 0 ? file : file[..hash] + file[kind..];
    }

    private sealed record Asset(string Name, byte[] Content, string Hash)
    {
        private const int HashCharacters = 16;

        public string HashedName => Name.Insert(Name.LastIndexOf('.'), "." + Hash);

        public string Tag => $"\"{Hash}\"";

        public string ContentType => System.IO.Path.GetExtension(Name) switch
        {
            ".js" => "text/javascript; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".svg" => "image/svg+xml; charset=utf-8",
            var kind => throw new InvalidOperationException($"{Name}: no content type is known for {kind}."),
        };

        public static Asset Read(Assembly assembly, string resource, string name)
        {
            using var stream = assembly.GetManifestResourceStream(resource)!;
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            return new(name, content, Convert.ToHexStringLower(SHA256.HashData(content))[..HashCharacters]);
        }
    }
}
