using System.Diagnostics;
using Checkout.Chassis.Edge;
using Checkout.Chassis.Tests.Running;
using Dapper;
using Npgsql;
using Xunit;

namespace Checkout.Chassis.Tests.Edge;

public sealed class InTimeTests(Stage stage)
{
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task A_database_that_does_not_answer_is_a_problem_503_within_3_seconds()
    {
        await using var database = NpgsqlDataSource.Create(await stage.Postgres.NewDatabaseAsync());
        await using var app = await EdgeApp.StartAsync(app =>
        {
            app.MapRead("/away", string () => throw new TimeoutException());
            app.MapRead("/{seconds:int}", (int seconds, CancellationToken cancellation) =>
                database.AskAsync(connection => connection.ExecuteScalarAsync<string>(new CommandDefinition(
                    "SELECT pg_sleep(@seconds)::text", new { seconds }, cancellationToken: cancellation)),
                    cancellation));
        });
        // The first request of each kind takes long in a process: it is compiled.
        Assert.Equal((200, 503),
            ((await app.SendAsync("GET /0 HTTP/1.1")).Status, (await app.SendAsync("GET /away HTTP/1.1")).Status));
        var began = Stopwatch.GetTimestamp();
        var answer = await app.SendAsync("GET /9 HTTP/1.1\nAccept: text/html");
        Assert.InRange(Stopwatch.GetElapsedTime(began), InTime.Limit - TimeSpan.FromMilliseconds(50), Promised);
        Assert.Equal((503, "application/problem+json", "1"),
            (answer.Status, answer.Headers["Content-Type"], answer.Headers["Retry-After"]));
    }

    [Fact]
    public async Task What_is_asked_in_time_is_answered_and_a_client_that_leaves_is_not_waited_for()
    {
        Assert.Equal(7, await Task.FromResult(7).InTimeAsync(default));
        using var gone = new CancellationTokenSource();
        var waiting = new TaskCompletionSource<int>().Task.InTimeAsync(gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }
}
