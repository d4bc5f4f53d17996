using System.Security.Cryptography;
using System.Text;
using Checkout.Chassis;
using Checkout.Chassis.Edge;
using Checkout.Chassis.Identity;
using Checkout.Chassis.Resilience;
using Checkout.Store.Packages;
using Microsoft.Net.Http.Headers;
using Npgsql;

namespace Checkout.Store.Storefront;

/// <summary>
/// The shop as its players see it: the page at / and its assets. Anybody may look; what is a player's own the page's
/// script asks for with the player's token.
/// </summary>
public static class StorefrontApi
{
    public static IEnumerable<string> Configure(WebApplicationBuilder builder)
    {
        var (options, problems) = Settings.Read<StorefrontOptions>(builder.Configuration.GetSection("Storefront"),
            o => o.Problems());
        // With wrong settings the service does not start, and nothing is made from them.
        builder.Services.AddSingleton(options).AddSingleton<StorefrontAssets>()
            .AddSingleton(p => new StorefrontPage(p.GetRequiredService<StorefrontAssets>(), options,
                isDemo: p.GetRequiredService<IdentityOptions>().DevelopmentKeyFile is not null));
        return problems;
    }

    public static void Map(WebApplication app)
    {
        app.MapRead("/", GetPageAsync).AllowAnonymous().ExcludeFromDescription();
        app.Services.GetRequiredService<StorefrontAssets>().Files.Map(app);
    }

    private static async Task<IResult> GetPageAsync(HttpResponse response, StorefrontPage page,
        NpgsqlDataSource database, CancellationToken cancellation)
    {
        response.Headers.ContentSecurityPolicy = page.ContentSecurityPolicy;
        var packages = await OnSaleAsync(database, cancellation);
        if (packages is null) response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        var html = Encoding.UTF8.GetBytes(page.Render(packages));
        // Prices change at any time, so it is asked for again each time, and sent if it has changed.
        if (packages is not null) response.Headers.CacheControl = "no-cache";
        var tag = packages is null ? null
            : new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(html))}\"");
        return TypedResults.File(html, "text/html; charset=utf-8", entityTag: tag);
    }

    /// <summary>Null where the database does not answer: a person is told so by a page.</summary>
    private static async Task<List<PackageAnswer>?> OnSaleAsync(NpgsqlDataSource database,
        CancellationToken cancellation)
    {
        try
        {
            return await PackageApi.OnSaleAsync(database, cancellation);
        }
        catch (Exception e) when (Outage.IsOutage(e))
        {
            return null;
        }
    }
}
