using Microsoft.AspNetCore.Http;

namespace Checkout.Chassis.Edge;

/// <summary>
/// A header on which it depends who asks, or under which key: it may come once. Of two, a gateway and a service could
/// each believe another one, and joined they are a third.
/// </summary>
public static class SingleHeader
{
    /// <summary>As it came; null where the request has none.</summary>
    /// <exception cref="RequestRefusedException">It came more than once.</exception>
    public static string? Of(HttpRequest request, string name) => request.Headers[name] switch
    {
        { Count: 0 } => null,
        { Count: 1 } values => values[0],
        var values => throw ProblemTypes.HeaderSentTwice.Refused(
            $"The header {name} came {values.Count} times; send it once."),
    };
}
