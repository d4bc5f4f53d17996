using System.Diagnostics;
using System.Threading.Channels;
using Avro.Specific;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Resilience;
using Checkout.Chassis.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Checkout.Chassis.Edge;

/// <summary>
/// What became of a request's command: the rows after the commit it was part of, and the events it led to.
/// </summary>
public sealed record Committed<TRows>(TRows Rows, IReadOnlyList<ISpecificRecord> Events);

/// <summary>
/// Concurrent requests share a transaction: a writer takes what is waiting, without a timer, and whatever comes while
/// it commits is the next group. One bad command fails alone.
/// </summary>
public sealed class GroupCommit<TRows>(Choreography<TRows> choreography, Transactions<TRows> transactions,
    StoreHold hold, ILogger<GroupCommit<TRows>> logger) : BackgroundService
{
    /// <summary>Two, so that one group is decided while the other commits.</summary>
    private const int Writers = 2;
    private const int MaxGroup = 256;
    private const int MaxWaiting = 10_000;

    private static readonly ActivitySource Source = new(TelemetryNames.Chassis);

    private readonly Channel<Request> _waiting =
        Channel.CreateBounded<Request>(
            new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.Wait });

    /// <summary>Answers when the command's transaction is durable.</summary>
    /// <exception cref="Exception">What the decision threw, or the outage that kept the group from committing in time;
    /// then nothing is known to have happened, and the request may be repeated.</exception>
    /// <exception cref="RequestRefusedException">The store lacks what its topic holds.</exception>
    public async Task<Committed<TRows>> SubmitAsync<TCommand>(TCommand command, Guid seed,
        CancellationToken cancellation) where TCommand : notnull
    {
        if (hold.Why is not null)
            throw new RequestRefusedException(ProblemTypes.StoreBehind, "The service is being brought back to where it "
                + "was. Nothing was written: send the same request again, later.");
        var request = new Request(choreography.WorkOf(command, seed) with { Span = Activity.Current });
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(InTime.Limit);
        try
        {
            await _waiting.Writer.WriteAsync(request, patience.Token);
            return await request.Answer.Task.WaitAsync(patience.Token);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            request.GiveUp();
            cancellation.ThrowIfCancellationRequested();
            throw new TimeoutException($"No group could commit it within {InTime.Limit.TotalSeconds} s.");
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => WriteAsync(stoppingToken)));

    private async Task WriteAsync(CancellationToken stopping)
    {
        var group = new List<Request>();
        while (await _waiting.Reader.WaitToReadAsync(stopping))
        {
            group.Clear();
            while (group.Count < MaxGroup && _waiting.Reader.TryRead(out var request))
                if (!request.IsGivenUp) group.Add(request);
            if (group.Count > 0) await CommitAsync(group, stopping);
        }
    }

    private async Task CommitAsync(IReadOnlyList<Request> group, CancellationToken stopping)
    {
        using var span = Source.StartActivity(ActivityKind.Internal, default(ActivityContext), name: "commit group",
            links: group.Where(r => r.Work.Span is not null).Select(r => new ActivityLink(r.Work.Span!.Context)));
        span?.SetTag("group.size", group.Count);
        try
        {
            var rows = await transactions.RunAsync(group.Select(r => r.Work).ToList(), stopping);
            foreach (var request in group) request.Complete(rows);
        }
        catch (Exception fault) when (group.Count > 1 && Outage.IsFaultOfData(fault))
        {
            Log.GroupOneByOne(logger, group.Count, fault.Message);
            foreach (var request in group) await CommitAsync([request], stopping);
        }
        catch (Exception fault)
        {
            span?.SetStatus(ActivityStatusCode.Error, fault.Message);
            foreach (var request in group) request.Answer.TrySetException(fault);
        }
    }

    private sealed record Request(Work<TRows> Work)
    {
        public TaskCompletionSource<Committed<TRows>> Answer
        {
            get;
        } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Its sender was told that it may not have happened; in no group yet, it goes in none.</summary>
        public bool IsGivenUp => Answer.Task.IsCompleted;

        public void GiveUp() => Answer.TrySetCanceled();

        public void Complete(TRows rows)
        {
            if (Work.Fault is { } fault) Answer.TrySetException(fault);
            else Answer.TrySetResult(new(rows, Work.Events));
        }
    }
}
