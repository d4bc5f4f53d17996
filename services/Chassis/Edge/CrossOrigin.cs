using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Checkout.Chassis.Edge;

/// <summary>What pages of allowed origins may send and read (Fetch, section 3.2). No API takes a cookie.</summary>
internal static class CrossOrigin
{
    private static readonly TimeSpan PreflightKept = TimeSpan.FromMinutes(10);

    private static readonly string[] Sent =
        ["Authorization", "Content-Type", IdempotencyKey.Header, "Prefer", "Last-Event-ID", "If-None-Match",
            "traceparent", "tracestate"];

    private static readonly string[] Read =
        ["Location", "traceresponse", IdempotencyKey.ReplayedHeader, "Retry-After", "ETag", "Link",
            "Preference-Applied", "WWW-Authenticate"];

    public static void AddCrossOrigin(this WebApplicationBuilder builder, EdgeOptions options) =>
        builder.Services.AddCors(cors => cors.AddDefaultPolicy(policy => policy
            .WithOrigins([.. options.AllowedOrigins])
            .WithMethods(HttpMethods.Get, HttpMethods.Head, HttpMethods.Post)
            .WithHeaders(Sent).WithExposedHeaders(Read).SetPreflightMaxAge(PreflightKept)));
}
