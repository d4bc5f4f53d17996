using avatarstore;
using avatarstore.balance;
using Avro.Specific;
using Checkout.Chassis.Choreography;
using Dapper;
using Npgsql;

namespace Checkout.Balance;

/// <summary>The accounts that one transaction is about. DDL: Migrations/0101_accounts.sql.</summary>
public sealed class AccountBatch : IStateBatch<AccountCommand>
{
    public static readonly string[] Tables = ["accounts", "deductions", "credits"];

    private readonly SortedSet<string> _customers = new(StringComparer.Ordinal);
    private readonly HashSet<Guid> _checkouts = [];
    private readonly HashSet<Credit> _facts = [];
    private readonly HashSet<string> _opened = [];
    private readonly HashSet<string> _changed = [];
    private readonly Dictionary<Guid, Deduction> _newDeductions = [];
    private readonly List<Guid> _refunds = [];
    private readonly List<(Credit Fact, long Coins)> _newCredits = [];

    /// <summary>A fact that gave coins, by its business key.</summary>
    public readonly record struct Credit(string CustomerId, CreditCause Cause, string Reference);

    /// <summary>Coins by customer.</summary>
    public Dictionary<string, long> Coins { get; } = [];

    /// <summary>By checkout.</summary>
    public Dictionary<Guid, Deduction> Deductions { get; } = [];

    public HashSet<Credit> Credits { get; } = [];

    public void Need(AccountCommand command)
    {
        _customers.Add(command.CustomerId);
        if (command is DeductCoins deduct) _checkouts.Add(deduct.CheckoutId);
        if (command is RefundCoins refund) _checkouts.Add(refund.CheckoutId);
        if (command is CreditCoins credit) _facts.Add(new(credit.CustomerId, credit.Cause, credit.Reference));
    }

    public void Need(ISpecificRecord happened)
    {
        switch (happened)
        {
            case BalanceDeducted e:
                _customers.Add(e.CustomerId);
                _checkouts.Add(e.CheckoutId);
                break;
            case BalanceRefunded e:
                _customers.Add(e.CustomerId);
                _checkouts.Add(e.CheckoutId);
                break;
            case BalanceCredited e:
                _customers.Add(e.CustomerId);
                _facts.Add(new(e.CustomerId, e.Cause, e.Reference));
                break;
        }
    }

    public async Task LoadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var customers = _customers.ToArray();
        foreach (var (customerId, coins) in await connection.QueryAsync<(string, long)>(new CommandDefinition(
            "SELECT customer_id, coins FROM accounts WHERE customer_id = ANY(@customers) ORDER BY customer_id FOR UPDATE", new { customers }, cancellationToken: cancellation)))
            Coins[customerId] = coins;
        if (_checkouts.Count > 0)
            foreach (var row in await connection.QueryAsync<(Guid CheckoutId, string CustomerId, long Coins, bool Refunded)>(new CommandDefinition(
                "SELECT checkout_id, customer_id, coins, refunded FROM deductions WHERE checkout_id = ANY(@checkouts)",
                new { checkouts = _checkouts.ToArray() }, cancellationToken: cancellation)))
                Deductions[row.CheckoutId] = new(row.CustomerId, row.Coins, row.Refunded);
        if (_facts.Count > 0)
            foreach (var (customerId, cause, reference) in await connection.QueryAsync<(string, string, string)>(new CommandDefinition(
                """
                SELECT customer_id, cause, reference FROM credits
                WHERE (customer_id, cause, reference) IN (SELECT * FROM unnest(@Customers, @Causes, @References))
                """, Columns(_facts), cancellationToken: cancellation)))
                Credits.Add(new(customerId, Enum.Parse<CreditCause>(cause), reference));
    }

    public IReadOnlyList<ISpecificRecord> Decide(AccountCommand command)
    {
        var deduction = command switch
        {
            DeductCoins c => Deductions.GetValueOrDefault(c.CheckoutId),
            RefundCoins c => Deductions.GetValueOrDefault(c.CheckoutId),
            _ => null,
        };
        var known = command is CreditCoins credit && Credits.Contains(new(credit.CustomerId, credit.Cause, credit.Reference));
        return AccountDecisions.Decide(new(Coins.TryGetValue(command.CustomerId, out var coins) ? coins : null, deduction, known), command);
    }

    public void Evolve(ISpecificRecord happened)
    {
        switch (happened)
        {
            case BalanceDeducted e:
                Move(e.CustomerId, e);
                Deductions[e.CheckoutId] = _newDeductions[e.CheckoutId] = new(e.CustomerId, e.PriceCoins, Refunded: false);
                break;
            case BalanceRefunded e:
                Move(e.CustomerId, e);
                Deductions[e.CheckoutId] = Deductions[e.CheckoutId] with { Refunded = true };
                if (_newDeductions.ContainsKey(e.CheckoutId)) _newDeductions[e.CheckoutId] = Deductions[e.CheckoutId];
                else _refunds.Add(e.CheckoutId);
                break;
            case BalanceCredited e:
                Move(e.CustomerId, e);
                var credit = new Credit(e.CustomerId, e.Cause, e.Reference);
                Credits.Add(credit);
                _newCredits.Add((credit, e.CreditedCoins));
                break;
        }
    }

    private void Move(string customerId, ISpecificRecord happened)
    {
        if (!Coins.TryGetValue(customerId, out var before)) _opened.Add(customerId);
        Coins[customerId] = AccountDecisions.Coins(before, happened);
        _changed.Add(customerId);
    }

    public async Task SaveAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        // A plain insert: whoever opened the account meanwhile makes this transaction fail and start again.
        await WriteAsync(_opened, "INSERT INTO accounts (customer_id, coins) SELECT * FROM unnest(@Customers, @Coins)");
        await WriteAsync(_changed.Except(_opened).ToList(),
            "UPDATE accounts SET coins = a.coins FROM unnest(@Customers, @Coins) AS a(customer_id, coins) WHERE accounts.customer_id = a.customer_id");
        if (_newDeductions.Count > 0)
            await connection.ExecuteAsync(new CommandDefinition(
                "INSERT INTO deductions (checkout_id, customer_id, coins, refunded) SELECT * FROM unnest(@Checkouts, @Customers, @Coins, @Refunded)",
                new
                {
                    Checkouts = _newDeductions.Keys.ToArray(),
                    Customers = _newDeductions.Values.Select(d => d.CustomerId).ToArray(),
                    Coins = _newDeductions.Values.Select(d => d.Coins).ToArray(),
                    Refunded = _newDeductions.Values.Select(d => d.Refunded).ToArray(),
                }, cancellationToken: cancellation));
        if (_refunds.Count > 0)
            await connection.ExecuteAsync(new CommandDefinition(
                "UPDATE deductions SET refunded = true WHERE checkout_id = ANY(@Refunds)", new { Refunds = _refunds.ToArray() }, cancellationToken: cancellation));
        if (_newCredits.Count > 0)
            await connection.ExecuteAsync(new CommandDefinition(
                "INSERT INTO credits (customer_id, cause, reference, coins) SELECT * FROM unnest(@Customers, @Causes, @References, @Coins)",
                new
                {
                    Customers = _newCredits.Select(c => c.Fact.CustomerId).ToArray(),
                    Causes = _newCredits.Select(c => c.Fact.Cause.ToString()).ToArray(),
                    References = _newCredits.Select(c => c.Fact.Reference).ToArray(),
                    Coins = _newCredits.Select(c => c.Coins).ToArray(),
                }, cancellationToken: cancellation));

        Task WriteAsync(IReadOnlyCollection<string> customers, string sql) => customers.Count == 0 ? Task.CompletedTask : connection.ExecuteAsync(
            new CommandDefinition(sql, new { Customers = customers.ToArray(), Coins = customers.Select(c => Coins[c]).ToArray() }, cancellationToken: cancellation));
    }

    private static object Columns(IReadOnlyCollection<Credit> credits) => new
    {
        Customers = credits.Select(c => c.CustomerId).ToArray(),
        Causes = credits.Select(c => c.Cause.ToString()).ToArray(),
        References = credits.Select(c => c.Reference).ToArray(),
    };
}
