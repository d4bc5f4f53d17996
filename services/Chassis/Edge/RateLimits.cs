using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Checkout.Chassis.Edge;

/// <summary>
/// So many requests a second and so many open at once for each caller, on each instance. Who brings no token is not
/// counted: behind a gateway all of them are one address.
/// </summary>
internal static class RateLimits
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    public static void AddRateLimits(this WebApplicationBuilder builder, EdgeOptions options) =>
        builder.Services.AddRateLimiter(limiter =>
        {
            limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            limiter.OnRejected = (rejected, _) =>
            {
                Refuse(rejected.HttpContext, rejected.Lease, options);
                return ValueTask.CompletedTask;
            };
            limiter.GlobalLimiter = PartitionedRateLimiter.CreateChained(
                // First what is given back at once; a refusal by it costs nothing of the other.
                PartitionedRateLimiter.Create<HttpContext, string>(http => Of(http, caller =>
                    RateLimitPartition.GetConcurrencyLimiter(caller, _ => new()
                    {
                        PermitLimit = options.MostOpen,
                    }))),
                PartitionedRateLimiter.Create<HttpContext, string>(http => Of(http, caller =>
                    RateLimitPartition.GetTokenBucketLimiter(caller, _ => new()
                    {
                        TokenLimit = options.Burst,
                        TokensPerPeriod = options.RequestsPerSecond,
                        ReplenishmentPeriod = Second,
                    }))));
        });

    private static RateLimitPartition<string> Of(HttpContext http, Func<string, RateLimitPartition<string>> limited) =>
        // Tokens that speak of nobody, such as a machine's, are one caller; none is of the name of those without.
        http.User.Identity?.IsAuthenticated == true ? limited($"sub {http.User.FindFirst("sub")?.Value}")
            : RateLimitPartition.GetNoLimiter("");

    private static void Refuse(HttpContext http, RateLimitLease lease, EdgeOptions options)
    {
        var later = lease.TryGetMetadata(MetadataName.RetryAfter, out var time) && time > Second ? time : Second;
        var seconds = Math.Ceiling(later.TotalSeconds);
        http.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        http.Tell($"More than {options.RequestsPerSecond} requests a second, or {options.MostOpen} at once, came with "
            + $"this sub. Send it again after {seconds} s; nothing has happened.");
    }
}
