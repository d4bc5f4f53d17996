using Checkout.Chassis.Edge;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Checkout.Chassis.Identity;

/// <summary>
/// Whether an authority's keys were ever had. Until then all who bring a token wait for the same answer of it, and no
/// longer than a client is let wait: Microsoft's manager asks for each of them, one after the other (seen, 8.19.2).
/// </summary>
internal sealed class AuthorityKeys
{
    private readonly Lock _lock = new();
    private Task<OpenIdConnectConfiguration>? _asking;

    /// <summary>Once they were had they stay good while it is away.</summary>
    public async Task<bool> AreKnownAsync(IConfigurationManager<OpenIdConnectConfiguration> authority,
        CancellationToken cancellation)
    {
        try
        {
            await Asking(authority).InTimeAsync(cancellation);
            return true;
        }
        catch (Exception) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private Task<OpenIdConnectConfiguration> Asking(IConfigurationManager<OpenIdConnectConfiguration> authority)
    {
        lock (_lock)
            return _asking is null or { IsCompleted: true, IsCompletedSuccessfully: false }
                ? _asking = authority.GetConfigurationAsync(CancellationToken.None) : _asking;
    }
}

/// <summary>Whether a token is right can't be told.</summary>
internal sealed class AuthorityAwayException() : Exception("The authority does not answer.");
