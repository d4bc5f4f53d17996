using Checkout.LogTailer.Confirming;
using Checkout.LogTailer.Sink;
using Checkout.LogTailer.Source;
using Npgsql;
using Npgsql.Replication.PgOutput.Messages;
using NpgsqlTypes;

namespace Checkout.LogTailer.Chain;

/// <summary>
/// Follows the slot's messages: each insert is judged by the successor rule, each commit is handed to the
/// confirmations.
/// </summary>
/// <param name="refilled">What was committed up to here is published from the store, or set aside there.</param>
/// <param name="heal">Publishes what the store has and the topic has not, and reports it.</param>
public sealed class Streamer(
    ReplicationStream stream, EventRows rows, SuccessorRule rule, IPublisher publisher, Confirmations confirmations,
    NpgsqlLogSequenceNumber refilled, Func<string, CancellationToken, Task> heal)
{
    private bool _isOfBefore;
    private DateTime _committedAt;
    private TaskCompletionSource _silent = NewSignal();

    /// <summary>
    /// The store goes on and nothing of it comes: a publication that somebody changed, a server that decodes a large
    /// transaction. What the stream brings afterwards is on the topic already, and is skipped.
    /// </summary>
    public void IsSilent() => Volatile.Read(ref _silent).TrySetResult();

    public async Task RunAsync(CancellationToken stop)
    {
        // The first move was made before the topic's ends were read.
        for (var more = await NextAsync(stream.FirstMove, stop); more; more = await NextAsync(stop))
            await HandleAsync(stream.Current, stop);
        throw new NpgsqlException("PostgreSQL ended the replication stream.");
    }

    private ValueTask<bool> NextAsync(CancellationToken stop)
    {
        var next = stream.MoveNextAsync();
        return next.IsCompleted ? next : new(NextAsync(next.AsTask(), stop));
    }

    private async Task<bool> NextAsync(Task<bool> next, CancellationToken stop)
    {
        // What was said while there was something to do is out of date.
        if (_silent.Task.IsCompleted) _silent = NewSignal();
        while (!next.IsCompleted)
        {
            var silent = Volatile.Read(ref _silent);
            await Task.WhenAny(next, silent.Task).WaitAsync(stop);
            if (!silent.Task.IsCompleted || next.IsCompleted) continue;
            await heal("the store goes on, and its replication stream is silent", stop);
            Volatile.Write(ref _silent, NewSignal());
        }
        return await next;
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async ValueTask HandleAsync(PgOutputReplicationMessage message, CancellationToken stop)
    {
        switch (message)
        {
            case BeginMessage begin:
                confirmations.Opened();
                _committedAt = begin.TransactionCommitTimestamp;
                _isOfBefore = begin.TransactionFinalLsn <= refilled;
                break;
            case RelationMessage relation:
                rows.Describe(relation);
                break;
            case InsertMessage insert:
                if (!_isOfBefore && await rows.ReadAsync(insert, rule.Last, stop) is { } e) await PublishAsync(e, stop);
                break;
            case CommitMessage commit:
                // Not CommitLsn: a transaction confirmed at its CommitLsn comes again (PostgreSQL 15.18).
                confirmations.Committed(commit.TransactionEndLsn);
                break;
        }
    }

    private async ValueTask PublishAsync(StoredEvent e, CancellationToken stop)
    {
        var step = rule.Judge(e.Partition, e.Position, e.Previous);
        if (step == Step.Missing)
        {
            await heal($"events before position {e.Position} on partition {e.Partition} are missing on the topic",
                stop);
            step = rule.Judge(e.Partition, e.Position, e.Previous);
        }
        if (step == Step.Skip)
        {
            publisher.Reached(e.Position);
            return;
        }
        if (step != Step.Publish) throw Healer.Broken(e, rule);
        rule.Advance(e.Partition, e.Position);
        await publisher.PublishAsync(e, _committedAt, stop);
    }
}
