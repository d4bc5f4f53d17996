using Checkout.Chassis.Kafka;

namespace Checkout.LogTailer.Sink;

/// <summary>
/// Calls into librdkafka that wait inside it without a limit of their own: its questions for a partition's ends, and
/// the end of a client, which waits for its threads. A session that waited with them would hold the slot and publish
/// nothing, and no standby could help (seen once in hundreds of rounds of faults, librdkafka 2.16.0). What does not
/// come back is left to itself.
/// </summary>
public static class Guarded
{
    /// <summary>Well above what any single step may take by its own time limit.</summary>
    public static readonly TimeSpan LongestStep = TimeSpan.FromSeconds(20);
    public static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(5);
    /// <summary>For how long a request that is over by its own time limit is still believed in.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    /// <summary>Does the work on a thread of its own, for as long as it says its steps in time.</summary>
    /// <param name="work">Gets what it calls at each step; its token ends when it is given up, or stopped.</param>
    /// <param name="what">What could not be done, for the error.</param>
    /// <exception cref="TimeoutException">No step was said for <paramref name="longestStep"/>.</exception>
    public static async Task<T> RunAsync<T>(Func<Action, CancellationToken, T> work, TimeSpan longestStep, string what,
        CancellationToken stop)
    {
        using var givenUp = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var token = givenUp.Token;
        var steps = 0;
        var working = Task.Factory.StartNew(() => work(() => Interlocked.Increment(ref steps), token), token,
            TaskCreationOptions.LongRunning, TaskScheduler.Default);
        for (int before; !working.IsCompleted;)
        {
            before = Volatile.Read(ref steps);
            await Task.WhenAny(working, Task.Delay(longestStep, stop));
            if (working.IsCompleted || Volatile.Read(ref steps) != before) continue;
            await givenUp.CancelAsync();
            stop.ThrowIfCancellationRequested();
            throw new TimeoutException($"{what}: nothing came for {longestStep.TotalSeconds:0.#} s.");
        }
        return await working;
    }

    /// <summary>
    /// The answer of an admin client. Where Confluent.Kafka fails on what librdkafka answered, the task never
    /// completes, whatever time limit the request has (seen, 2.16.0, with a description of topics, which is why those
    /// are asked for otherwise).
    /// </summary>
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
            throw new TimeoutException(
                $"Kafka's admin client did not answer within {(requestTimeout + Grace).TotalSeconds:0.#} s.");
        await asked;
    }

    /// <summary>Ends the client, and waits so long for it; false when it had not ended by then.</summary>
    public static async Task<bool> EndAsync(IDisposable client, TimeSpan atMost)
    {
        var ending = Blocking.RunAsync(client.Dispose);
        if (await Task.WhenAny(ending, Task.Delay(atMost)) != ending) return false;
        await ending;
        return true;
    }
}
