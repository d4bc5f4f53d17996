using Checkout.Chassis.Identity;

namespace Checkout.Fixtures;

/// <summary>Who a process of a test believes, where no whole system is run.</summary>
public static class TestIdentity
{
    private static readonly Lazy<DevelopmentTokens> Made = new(() =>
        DevelopmentTokens.In(Path.Combine(AppContext.BaseDirectory, "identity")));

    public static DevelopmentTokens Tokens => Made.Value;

    /// <summary>The settings of a service that takes these tokens.</summary>
    public static Dictionary<string, string?> Settings => new()
    {
        ["ASPNETCORE_ENVIRONMENT"] = "Development",
        ["Identity__Issuer"] = DevelopmentTokens.Issuer,
        ["Identity__Audience"] = DevelopmentTokens.Audience,
        ["Identity__KeyFile"] = Tokens.KeyFile,
    };
}
