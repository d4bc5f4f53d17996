using Checkout.Chassis.Edge;
using Checkout.Chassis.Edge.Describing;
using Checkout.Chassis.Entrance;

namespace Checkout.Store;

/// <summary>What only Store answers with; each has a page in docs/problems/.</summary>
public static class StoreProblems
{
    public static readonly ProblemType NotASku = new("not-a-sku", 400, "Not a sku");
    public static readonly ProblemType UnknownCheckout = new("unknown-checkout", 404, "Unknown checkout");
    public static readonly ProblemType PriceChanged = new("price-changed", 409, "Price changed")
    {
        Members = typeof(ChangedPrice),
    };

    public static readonly ProblemType PackageOffSale = new("package-off-sale", 422, "Package off sale");
    public static readonly ProblemType UnknownPackage = new("unknown-package", 422, "Unknown package");
    public static readonly ProblemType KeyUsedForOther =
        new("idempotency-key-reused", 422, "Idempotency key used for another purchase");
    public static readonly ProblemType NotATimeToWait = new("not-a-time-to-wait", 400, "Not a time to wait");
    public static readonly ProblemType NoMoreCheckouts = new("no-more-checkouts", 503, "No more checkouts now")
    {
        Members = typeof(WhyNoMore),
    };

    public static readonly ProblemType TooManyStreams = new("too-many-streams", 503, "Too many streams");
}

/// <summary>What the problem price-changed says beside.</summary>
public sealed record ChangedPrice(
    [property: Field("What the package costs now, in whole coins.", Most = ExactNumber.Max, Example = 600)]
    long PriceCoins);

/// <summary>What the problem no-more-checkouts says beside.</summary>
public sealed record WhyNoMore(
    [property: Field("Why posts are refused: standstill or overload; later versions may add some.",
        Example = "standstill")]
    string Reason);
