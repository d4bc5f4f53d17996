using Npgsql;
using Npgsql.Replication.PgOutput.Messages;

namespace Checkout.LogTailer;

/// <summary>
/// Follows the slot's messages: each insert is judged by the successor rule, each commit is handed to the
/// confirmations.
/// </summary>
public sealed class Streamer(Head head, SuccessorRule rule, Healer healer, Publisher publisher,
    Confirmations confirmations, SessionParts parts)
{
    private EventColumn[] _columns = [];
    private DateTime _committedAt;

    public async Task RunAsync(IAsyncEnumerator<PgOutputReplicationMessage> messages, Task<bool> next,
        CancellationToken stop)
    {
        // The first move was made before the topic's ends were read.
        for (var more = await next; more; more = await messages.MoveNextAsync())
            await HandleAsync(messages.Current, stop);
        throw new NpgsqlException("PostgreSQL ended the replication stream.");
    }

    private async ValueTask HandleAsync(PgOutputReplicationMessage message, CancellationToken stop)
    {
        switch (message)
        {
            case BeginMessage begin:
                confirmations.Opened();
                _committedAt = begin.TransactionCommitTimestamp;
                break;
            case RelationMessage relation:
                _columns = EventColumns.Of(relation);
                break;
            case InsertMessage insert:
                if (await ReplicationReader.ReadAsync(insert.NewRow, _columns, rule, stop) is { } e)
                    await PublishAsync(e, stop);
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
            parts.Log.EventsMissing(parts.Store.Name, e.Position, e.Partition);
            parts.Status.HasHealed(await healer.HealAsync(await parts.Database.HeadAsync(stop) ?? head, stop));
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
