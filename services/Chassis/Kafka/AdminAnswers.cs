namespace Checkout.Chassis.Kafka;

/// <summary>
/// Answers of an admin client. Confluent.Kafka fails on the description of a topic with a partition that has no leader, as a stopping broker gives it: the task then never completes, whatever time limit the
/// request has, that client answers no other question either, and its Dispose does not return (seen, 2.16.0).
/// </summary>
public static class AdminAnswers
{
    /// <summary>For how long a request that is over by its own time limit is still believed in.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    /// <exception cref="TimeoutException">No answer came; the client is of no use any more.</exception>
    public static async Task<T> AnsweredAsync<T>(this Task<T> asked, TimeSpan requestTimeout)
    {
        await AnsweredAsync((Task)asked, requestTimeout);
        return await asked;
    }

    /// <inheritdoc cref="AnsweredAsync{T}"/>
    public static async Task AnsweredAsync(this Task asked, TimeSpan requestTimeout)
    {
        if (await Task.WhenAny(asked, Task.Delay(requestTimeout + Grace)) != asked)
            throw new TimeoutException($"Kafka's admin client did not answer within {(requestTimeout + Grace).TotalSeconds:0.#} s.");
        await asked;
    }
}
