using System.Reflection;
using Checkout.Chassis.Edge;
using Checkout.Chassis.Entrance;
using Microsoft.AspNetCore.Http;

namespace Checkout.Chassis.Identity;

/// <summary>
/// Who is asking, by the token that came with the request: the one place that knows what of it says so.
/// </summary>
public sealed class Caller
{
    private readonly string? _id;
    private readonly string? _problem;

    private Caller(string? id, bool isSupport)
    {
        _problem = OpaqueId.Problem("The token's sub", id);
        _id = _problem is null ? id : null;
        IsSupport = isSupport;
    }

    /// <summary>Of whom the token speaks (sub); an opaque id, never a name or an address.</summary>
    /// <exception cref="RequestRefusedException">It speaks of nobody who can act here: 403.</exception>
    public string Id => _id ?? throw ProblemTypes.NobodyToActFor.Refused(
        $"The token is good, but what it speaks of can't act here. {_problem}");

    /// <summary>Whether the token gives the right to look anybody's up.</summary>
    public bool IsSupport { get; }

    /// <summary>Whose may be looked up: null for anybody's, else the caller's own.</summary>
    public string? Sees => IsSupport ? null : Id;

    /// <summary>Whether what belongs to somebody may be seen. To all others it is not there.</summary>
    public bool MaySee(string id) => IsSupport || id == Id;

    /// <summary>For ASP.NET; an endpoint that asks for one has a token, by the fallback policy.</summary>
    public static ValueTask<Caller?> BindAsync(HttpContext context, ParameterInfo _) =>
        ValueTask.FromResult<Caller?>(
            new(context.User.FindFirst("sub")?.Value, Scopes.Has(context.User, Scopes.Support)));
}
