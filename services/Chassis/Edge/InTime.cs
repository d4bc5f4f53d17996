using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace Checkout.Chassis.Edge;

/// <summary>
/// A client is answered in time, whatever the database does. What a request began may still end behind it: nothing that
/// Npgsql is asked to cancel is sure to end soon where the server is frozen.
/// </summary>
public static class InTime
{
    /// <summary>Promised are 3 s; the rest is for the way, and for a process that is busy.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    private static readonly string[] GetAndHead = [HttpMethods.Get, HttpMethods.Head];

    /// <exception cref="TimeoutException">It takes longer than that; an outage, to the client.</exception>
    public static Task<T> InTimeAsync<T>(this Task<T> answer, CancellationToken cancellation) =>
        answer.WaitAsync(Limit, cancellation);

    /// <summary>Asks the database on a connection of its own.</summary>
    /// <exception cref="TimeoutException">It does not answer in time.</exception>
    public static Task<T> AskAsync<T>(this NpgsqlDataSource database, Func<NpgsqlConnection, Task<T>> ask,
        CancellationToken cancellation)
    {
        return AskOnAsync().InTimeAsync(cancellation);

        async Task<T> AskOnAsync()
        {
            await using var connection = await database.OpenConnectionAsync(cancellation);
            return await ask(connection);
        }
    }

    /// <summary>What is read: HEAD is answered like GET, without the body.</summary>
    public static IEndpointConventionBuilder MapRead(this IEndpointRouteBuilder app, string pattern, Delegate read) =>
        app.MapMethods(pattern, GetAndHead, read);
}
