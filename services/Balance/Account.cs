using avatarstore;
using avatarstore.balance;
using Avro.Specific;
using Checkout.Chassis.Choreography;

namespace Checkout.Balance;

public abstract record AccountCommand(string CustomerId);

/// <param name="Now">When the command is judged against ExpiresAt, UTC.</param>
public sealed record DeductCoins(Guid CheckoutId, string CustomerId, string Sku, long PriceCoins, DateTime ExpiresAt, DateTime Now) : AccountCommand(CustomerId);

public sealed record RefundCoins(Guid CheckoutId, string CustomerId, string Sku, Reason Why) : AccountCommand(CustomerId);

/// <summary>Coins that come in. The same cause and reference again are the same coins.</summary>
public sealed record CreditCoins(string CustomerId, long Coins, CreditCause Cause, string Reference) : AccountCommand(CustomerId);

/// <summary>What was taken for a checkout, and whether it was given back.</summary>
public sealed record Deduction(string CustomerId, long Coins, bool Refunded);

/// <summary>The state that an account's commands are decided on: its coins (null where no such account was ever opened), and what the command asks about.</summary>
public sealed record Account(long? Coins, Deduction? Deduction, bool CreditKnown);

/// <summary>The decisions of Balance: what the account's owner may spend, and what comes back.</summary>
public static class AccountDecisions
{
    public static IReadOnlyList<ISpecificRecord> Decide(Account account, AccountCommand command) => command switch
    {
        DeductCoins when account.Deduction is not null => [],
        DeductCoins c when c.Now > c.ExpiresAt => [Rejected(c, Reason.EXPIRED, account)],
        DeductCoins c when account.Coins is null => [Rejected(c, Reason.UNKNOWN_ACCOUNT, account)],
        DeductCoins c when account.Coins < c.PriceCoins => [Rejected(c, Reason.INSUFFICIENT_FUNDS, account)],
        DeductCoins { PriceCoins: < 0 } c => throw new ArgumentException($"A price of {c.PriceCoins} coins would give coins away."),
        DeductCoins c =>
        [
            new BalanceDeducted
            {
                CheckoutId = c.CheckoutId, CustomerId = c.CustomerId, Sku = c.Sku, PriceCoins = c.PriceCoins, ExpiresAt = c.ExpiresAt,
                BalanceCoins = account.Coins!.Value - c.PriceCoins,
            },
        ],

        RefundCoins c when account.Deduction is null => throw new NotYetVisibleException($"The deduction for checkout {c.CheckoutId}"),
        RefundCoins when account.Deduction!.Refunded => [],
        RefundCoins c =>
        [
            new BalanceRefunded
            {
                CheckoutId = c.CheckoutId, CustomerId = c.CustomerId, Sku = c.Sku, RefundedCoins = account.Deduction!.Coins, Reason = c.Why,
                BalanceCoins = checked(account.Coins!.Value + account.Deduction.Coins),
            },
        ],

        CreditCoins when account.CreditKnown => [],
        CreditCoins { Coins: <= 0 } c => throw new ArgumentException($"A credit of {c.Coins} coins is none."),
        CreditCoins c =>
        [
            new BalanceCredited
            {
                CustomerId = c.CustomerId, CreditedCoins = c.Coins, BalanceCoins = checked((account.Coins ?? 0) + c.Coins), Cause = c.Cause, Reference = c.Reference,
            },
        ],
        _ => throw new ArgumentOutOfRangeException(nameof(command), command, "Balance has no decision for it."),
    };

    /// <summary>The coins after an event; what it takes or gives is on the event, so the order of other customers' events does not matter.</summary>
    public static long Coins(long? before, ISpecificRecord happened) => happened switch
    {
        BalanceDeducted e => (before ?? 0) - e.PriceCoins,
        BalanceRefunded e => (before ?? 0) + e.RefundedCoins,
        BalanceCredited e => (before ?? 0) + e.CreditedCoins,
        _ => before ?? 0,
    };

    private static DeductionRejected Rejected(DeductCoins c, Reason reason, Account account) => new()
    {
        CheckoutId = c.CheckoutId,
        CustomerId = c.CustomerId,
        Sku = c.Sku,
        PriceCoins = c.PriceCoins,
        Reason = reason,
        BalanceCoins = account.Coins ?? 0,
    };
}
