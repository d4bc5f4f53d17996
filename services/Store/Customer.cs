using System.Reflection;

namespace Checkout.Store;

/// <summary>
/// Who is asking. The one place that knows how a request says so; now by a header that a trusted gateway sets.
/// </summary>
public sealed record Customer(string Id)
{
    public const string Header = "X-Customer-Id";
    public const int MaxIdLength = 128;

    public static ValueTask<Customer?> BindAsync(HttpContext context, ParameterInfo _)
    {
        var id = context.Request.Headers[Header].ToString().Trim();
        return ValueTask.FromResult(id.Length is 0 or > MaxIdLength || id.Contains('@')
            || id.Any(char.IsWhiteSpace) ? null : new Customer(id));
    }

    public static IResult Unknown() => TypedResults.Problem(
        $"Say whose checkout it is with the header {Header}, 1 to {MaxIdLength} characters without spaces or @: an "
            + "opaque id, never a name or an address.", statusCode: StatusCodes.Status401Unauthorized,
            title: "Unknown customer");
}
