using System.Diagnostics;
using avatarstore.balance;
using Checkout.Chassis.Choreography;
using Dapper;
using Npgsql;

namespace Checkout.Balance;

/// <summary>Whose a checkout is that Balance decided on, and the trace that tells its story.</summary>
public sealed record DecidedCheckout(string CustomerId, string? TraceParent, string? TraceState)
{
    /// <summary>Default where there is none.</summary>
    public ActivityContext Trace =>
        ActivityContext.TryParse(TraceParent, TraceState, isRemote: true, out var context) ? context : default;
}

/// <summary>
/// Which checkouts there are, as far as Balance knows: those that it took coins for or refused to. Its events say so,
/// and never say otherwise later; so this is asked before a transaction and not in it.
/// </summary>
public static class DecidedCheckouts
{
    private static readonly string[] Types = [BalanceDeducted._SCHEMA.Fullname, DeductionRejected._SCHEMA.Fullname];

    public static async Task<DecidedCheckout?> FindAsync(NpgsqlConnection connection, Guid checkoutId,
        CancellationToken cancellation) =>
        (await ReadAsync(connection, [checkoutId], cancellation)).GetValueOrDefault(checkoutId);

    /// <summary>For each compensation of a file: in its checkout's trace, or with the fault that it has none.</summary>
    public static async Task<IReadOnlyList<Work<BalanceRows>>> FindAsync(NpgsqlConnection connection,
        IReadOnlyList<Work<BalanceRows>> works, CancellationToken cancellation)
    {
        var asked = works.Select(work => (GrantCompensation)work.Step).ToList();
        var known = await ReadAsync(connection, [.. asked.Select(grant => grant.CheckoutId).Distinct()], cancellation);
        return [.. works.Zip(asked, (work, grant) =>
            known.GetValueOrDefault(grant.CheckoutId) is { } checkout && checkout.CustomerId == grant.CustomerId
                ? work with { TraceParent = checkout.TraceParent, TraceState = checkout.TraceState }
                : work with { Fault = Compensations.NotTheirs(grant.CheckoutId, grant.CustomerId) })];
    }

    private static async Task<Dictionary<Guid, DecidedCheckout>> ReadAsync(NpgsqlConnection connection,
        Guid[] checkoutIds, CancellationToken cancellation)
    {
        var rows = await connection.QueryAsync<(string Checkout, string Customer, string? Parent, string? State)>(
            new CommandDefinition(
                """
                SELECT correlation_id, key, traceparent, tracestate FROM events
                WHERE correlation_id = ANY(@ids) AND type = ANY(@Types)
                """,
                new { ids = Array.ConvertAll(checkoutIds, id => id.ToString()), Types },
                cancellationToken: cancellation));
        return rows.DistinctBy(row => row.Checkout).ToDictionary(row => Guid.Parse(row.Checkout),
            row => new DecidedCheckout(row.Customer, row.Parent, row.State));
    }
}
