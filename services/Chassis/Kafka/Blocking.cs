namespace Checkout.Chassis.Kafka;

/// <summary>
/// Calls that wait inside librdkafka, each on a thread of its own. The pool begins with one thread a core and adds one
/// or two a second: a few such calls on it would hold up whatever else is due, such as a lease's question or a
/// replication stream's sign of life.
/// </summary>
public static class Blocking
{
    public static Task<T> RunAsync<T>(Func<T> call) =>
        Task.Factory.StartNew(call, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    public static Task RunAsync(Action call) =>
        Task.Factory.StartNew(call, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
