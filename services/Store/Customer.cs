using System.Reflection;
using Checkout.Chassis.Edge;
using Checkout.Chassis.Entrance;

namespace Checkout.Store;

/// <summary>
/// Who is asking. The one place that knows how a request says so; now by a header that a trusted gateway sets.
/// </summary>
public sealed record Customer(string Id)
{
    public const string Header = "X-Customer-Id";

    /// <exception cref="RequestRefusedException">The request does not say it, or not once.</exception>
    public static ValueTask<Customer?> BindAsync(HttpContext context, ParameterInfo _)
    {
        var id = SingleHeader.Of(context.Request, Header);
        return OpaqueId.Problem($"The header {Header}", id) is { } problem
            ? throw new RequestRefusedException(StatusCodes.Status401Unauthorized, "Unknown customer",
                $"Say whose checkout it is by an opaque id, never a name or an address. {problem}")
            : ValueTask.FromResult<Customer?>(new(id!));
    }
}
