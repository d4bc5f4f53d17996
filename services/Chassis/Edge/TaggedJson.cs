using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Checkout.Chassis.Edge;

/// <summary>
/// An answer that a client may keep, and asks about before it uses it again (RFC 9110, 13.1.2): its tag follows from
/// its bytes, so that every instance gives the same one, and a client that has them gets 304 and no body.
/// </summary>
public static class TaggedJson
{
    private const int TagBytes = 16;

    public static IResult Of<T>(HttpRequest request, T value)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(value, JsonSerializerOptions.Web);
        var hash = SHA256.HashData(body).AsSpan(0, TagBytes);
        var tag = new EntityTagHeaderValue($"\"{Base64Url.EncodeToString(hash)}\"");
        var response = request.HttpContext.Response;
        response.GetTypedHeaders().ETag = tag;
        response.Headers.CacheControl = "no-cache";
        return IsHeld(request, tag) ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : TypedResults.Bytes(body, "application/json; charset=utf-8");
    }

    /// <summary>What is no list of tags is as if it had not come.</summary>
    private static bool IsHeld(HttpRequest request, EntityTagHeaderValue tag) =>
        request.GetTypedHeaders().IfNoneMatch.Any(held =>
            held.Equals(EntityTagHeaderValue.Any) || held.Compare(tag, useStrongComparison: false));
}
