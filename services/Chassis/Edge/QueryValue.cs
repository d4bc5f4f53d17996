using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Checkout.Chassis.Edge;

/// <summary>A parameter of the query: it may come once. Those that nobody knows are let pass.</summary>
public static class QueryValue
{
    /// <summary>As it came; null where the request has none.</summary>
    /// <exception cref="RequestRefusedException">It came more than once.</exception>
    public static string? Of(HttpRequest request, string name) => request.Query[name] switch
    {
        { Count: 0 } => null,
        { Count: 1 } values => values[0],
        var values => throw ProblemTypes.QueryNotUnderstood.Refused(
            $"The parameter {name} came {values.Count} times; send it once."),
    };

    /// <summary>A whole number; null where the request has none.</summary>
    /// <exception cref="RequestRefusedException">It is none, or out of bounds.</exception>
    public static int? NumberOf(HttpRequest request, string name, int least, int most)
    {
        if (Of(request, name) is not { } sent) return null;
        // int.TryParse lets NULs follow.
        return sent.All(char.IsAsciiDigit)
            && int.TryParse(sent, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= least && number <= most ? number
            : throw ProblemTypes.QueryNotUnderstood.Refused(
                $"The parameter {name} is no whole number from {least} to {most}.");
    }
}
