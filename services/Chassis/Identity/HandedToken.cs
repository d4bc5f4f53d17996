using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;

namespace Checkout.Chassis.Identity;

/// <summary>
/// A token that came otherwise than as a bearer's, such as in a form, judged by the same rules. Who signs in that way
/// is nobody to any endpoint but the one that asks for it here.
/// </summary>
/// <param name="User">Of whom it speaks; null where it is not taken.</param>
/// <param name="Problem">Why it is not taken, in a sentence.</param>
/// <param name="IsUnchecked">It can't be checked now, and may be right.</param>
public sealed record HandedToken(ClaimsPrincipal? User, string? Problem, bool IsUnchecked)
{
    internal const string Scheme = "Handed";

    /// <summary>One a request.</summary>
    public static async Task<HandedToken> JudgeAsync(HttpContext http, string token)
    {
        if (!http.Items.TryAdd(typeof(HandedToken), token))
            throw new InvalidOperationException("A token of this request was judged already, and is remembered.");
        var result = await http.AuthenticateAsync(Scheme);
        return result.Succeeded ? new(result.Principal, null, IsUnchecked: false)
            : new(null, TokenAuthentication.Sentence(result.Failure), result.Failure is AuthorityAwayException);
    }

    internal static string? Of(HttpContext http) => http.Items[typeof(HandedToken)] as string;
}
