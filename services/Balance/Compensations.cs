using System.Text.RegularExpressions;
using avatarstore.balance;
using Avro.Specific;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.Edge;
using Checkout.Chassis.Entrance;
using Checkout.Chassis.EventStore;

namespace Checkout.Balance;

/// <summary>
/// Coins that support gives for a checkout that went wrong. The same checkout and reference again are the same coins.
/// </summary>
/// <param name="Who">Who gives them; kept on the event, as <paramref name="Why"/> is.</param>
public sealed record GrantCompensation(Guid CheckoutId, string CustomerId, long Coins, string Reference, string Who,
    string Why)
{
    private const string Kind = "compensate";

    /// <summary>A checkout's id has one length, so the two can't run into each other.</summary>
    public Work<BalanceRows> ToWork() =>
        BalanceChoreography.Table.WorkOf(this, EventIds.OfBusinessKey(Kind, $"{CheckoutId}{Reference}"));
}

/// <summary>What support says of a compensation, as it comes in.</summary>
public static partial class CompensationText
{
    /// <summary>A checkout's id as every answer and event spells it, in either case (ECMA-262).</summary>
    public const string CheckoutIdPattern =
        "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$";

    /// <summary>Against a line's end, which a pattern's end would let pass.</summary>
    private const int CheckoutIdLength = 36;

    /// <summary>What is wrong with the values, in sentences that name the field; nulls where nothing is.</summary>
    public static IEnumerable<string?> Problems(string checkoutId, string customerId, long coins, string reference,
        string why) =>
    [
        checkoutId.Length == CheckoutIdLength && CheckoutId().IsMatch(checkoutId) ? null
            : "checkoutId is no checkout's id; give it as GET /checkouts does, such as "
                + "01924f1e-6f00-7000-8000-000000000001.",
        OpaqueId.Problem("customerId", customerId),
        ExactNumber.Problem("coins", coins, least: 1),
        PlainText.Problem("reference", reference),
        PlainText.Problem("why", why),
    ];

    /// <summary>Guid's own parsers take more than that.</summary>
    [GeneratedRegex(CheckoutIdPattern)]
    private static partial Regex CheckoutId();
}

/// <summary>What Balance decides on compensations, and what they change.</summary>
public static class Compensations
{
    /// <exception cref="RequestRefusedException">It contradicts what is there.</exception>
    public static IReadOnlyList<ISpecificRecord> Grant(BalanceRows rows, GrantCompensation asked) =>
        rows.Compensations[new(asked.CheckoutId, asked.Reference)] switch
        {
            { } given when given == new Compensation(asked.CustomerId, asked.Coins) => [],
            { } given => throw BalanceProblems.CompensationDiffers.Refused(
                $"Of this reference {given.Coins} coins were given to {given.CustomerId} before. Take another."),
            _ when rows.Deductions[asked.CheckoutId] is { } paid && paid.CustomerId != asked.CustomerId =>
                throw NotTheirs(asked.CheckoutId, asked.CustomerId),
            _ when BalanceOf(rows, asked) > ExactNumber.Max - asked.Coins =>
                throw BalanceProblems.BalanceFull.Refused(
                    $"{asked.CustomerId} has {BalanceOf(rows, asked)} coins; {ExactNumber.Max} are the most."),
            _ =>
            [
                new CompensationGranted
                {
                    CheckoutId = asked.CheckoutId,
                    CustomerId = asked.CustomerId,
                    GrantedCoins = asked.Coins,
                    Reference = asked.Reference,
                    Who = asked.Who,
                    Why = asked.Why,
                    BalanceCoins = BalanceOf(rows, asked) + asked.Coins,
                },
            ],
        };

    public static void Granted(BalanceRows rows, CompensationGranted e)
    {
        rows.Accounts.Put(e.CustomerId, account => new((account?.Coins ?? 0) + e.GrantedCoins));
        rows.Compensations.Add(new(e.CheckoutId, e.Reference), new(e.CustomerId, e.GrantedCoins));
    }

    public static RequestRefusedException NotTheirs(Guid checkoutId, string customerId) =>
        BalanceProblems.NotTheirCheckout.Refused(
            $"Balance knows no checkout {checkoutId} of {customerId}. Look it up.");

    private static long BalanceOf(BalanceRows rows, GrantCompensation asked) =>
        rows.Accounts[asked.CustomerId]?.Coins ?? 0;
}
