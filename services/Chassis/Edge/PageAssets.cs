using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace Checkout.Chassis.Edge;

/// <summary>
/// What a page consists of beside its HTML: its script, its style and its drawings, from an assembly. Each is served
/// under a name with a hash of its content, and so is kept by a browser for good.
/// </summary>
public sealed class PageAssets
{
    public const string Path = "/assets/";

    private const string ForGood = "public, max-age=31536000, immutable", NotKept = "no-store";

    /// <summary>What stands alone, opened by its address, needs and may nothing.</summary>
    private const string Policy = "default-src 'none'; frame-ancestors 'none'";

    private readonly Dictionary<string, Asset> _assets;

    /// <param name="prefix">What the names of their resources begin with, such as storefront/.</param>
    public PageAssets(Assembly assembly, string prefix) =>
        _assets = assembly.GetManifestResourceNames().Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
            .Select(name => Asset.Read(assembly, name, name[prefix.Length..])).ToDictionary(asset => asset.Name);

    /// <summary>Without hashes.</summary>
    public IReadOnlyCollection<string> Names => _assets.Keys;

    public bool Has(string name) => _assets.ContainsKey(name);

    public string Url(string name) => Path + _assets[name].HashedName;

    /// <summary>For anybody: there is nothing of anybody in them.</summary>
    public void Map(IEndpointRouteBuilder app) =>
        app.MapRead(Path + "{file}", (string file, HttpResponse response) => Get(file, response)).AllowAnonymous()
            .ExcludeFromDescription();

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
