using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Checkout.Chassis.Telemetry;

/// <summary>
/// A request's path as telemetry may keep it. A segment of free text may be a customer
/// (docs/decisions/0001-forgetting-a-player.md), and what no route knows may be anything; a segment of a kind, such as
/// the guid of a checkout, is an id of our own.
/// </summary>
internal static class NamelessPath
{
    public const string Unknown = "/{unknown}";

    public static string Of(HttpContext http)
    {
        // Where a request failed, its route is put aside for the answer's.
        var failed = http.Features.Get<IExceptionHandlerFeature>();
        return (failed?.Endpoint ?? http.GetEndpoint()) is RouteEndpoint route
            ? Of(route.RoutePattern, failed?.RouteValues ?? http.Request.RouteValues) : Unknown;
    }

    private static string Of(RoutePattern route, RouteValueDictionary values) => "/" + string.Join('/',
        route.PathSegments.Select(segment => string.Concat(segment.Parts.Select(part => part switch
        {
            RoutePatternLiteralPart literal => literal.Content,
            RoutePatternSeparatorPart separator => separator.Content,
            RoutePatternParameterPart { ParameterPolicies.Count: > 0 } ours => $"{values[ours.Name]}",
            RoutePatternParameterPart free => $"{{{free.Name}}}",
            _ => "",
        }))));
}
