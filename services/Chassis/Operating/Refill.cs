using System.Diagnostics;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Kafka;
using Checkout.Chassis.Refilling;
using Checkout.Chassis.Registry;
using Confluent.Kafka;
using Dapper;
using Npgsql;

namespace Checkout.Chassis.Operating;

/// <summary>
/// Completes a store from its own topic: a database that is empty, restored to an earlier time or promoted behind its
/// topic. Run again where it was broken off; where nothing is missing it changes nothing.
/// </summary>
/// <param name="owners">The connection string of the role that owns the tables.</param>
public sealed class Refill<TRows>(Choreography<TRows> choreography, EventStoreOptions store, string owners,
    DatabaseReady database, OwnTopic topic, SchemaRegistry registry, Rebuild<TRows> rebuild)
{
    /// <summary>Of one database; the key is arbitrary.</summary>
    private const long Lock = 0x526566696C6C;

    /// <summary>The topic may get what was on its way; then it is read again.</summary>
    private const int MostTries = 5;

    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The exit code: 0 where the store has what its topic holds and its state follows from it, 1 where that could not
    /// be brought about; then the sentence says what to do.
    /// </summary>
    public async Task<int> RunAsync(Hand hand, int workers, TextWriter output, CancellationToken cancellation)
    {
        try
        {
            await database.MigrateAsOwnerAsync(cancellation);
            var settings = new NpgsqlConnectionStringBuilder(owners) { CommandTimeout = 0, Pooling = false };
            await using var connection = new NpgsqlConnection(settings.ConnectionString);
            await connection.OpenAsync(cancellation);
            if (await connection.ExecuteScalarAsync<bool>("SELECT pg_try_advisory_lock(@Lock)", new { Lock }))
                return await RunAsync(connection, hand, workers, output, cancellation);
            await output.WriteLineAsync("Another refill of this database is under way: wait for it.");
        }
        catch (Exception e) when (e is UnfitTopicException or UnusableDatabaseException or RegistryUnavailableException
            or SchemaRefusedException or SchemaNotFoundException or KafkaException or TimeoutException)
        {
            await output.WriteLineAsync($"The store could not be completed: {e.Message} Nothing is appended meanwhile; "
                + "run refill again.");
        }
        return 1;
    }

    private async Task<int> RunAsync(NpgsqlConnection connection, Hand hand, int workers, TextWriter output,
        CancellationToken cancellation)
    {
        var (refill, isNew) = await BeginAsync(connection, hand, output);
        var all = new Completed(null, 0, 0, 0, "{}");
        for (var tries = 0; ; tries++)
        {
            var extents = await Blocking.RunAsync(topic.Extents);
            var done = await CompleteAsync(connection, refill, extents, output, cancellation);
            all = new(all.First ?? done.First, done.Through, all.Added + done.Added, all.SetAside + done.SetAside,
                done.Lost);
            if ((await Blocking.RunAsync(topic.Extents)).SequenceEqual(extents)) break;
            if (tries == MostTries)
                throw new UnfitTopicException($"Somebody goes on writing to {store.Topic}: stop its LogTailer.");
        }
        await TellAsync(all, output);
        if ((all.First is not null || !isNew)
            && await rebuild.RunAsync(workers, output, cancellation, hand) is not 0)
        {
            await output.WriteLineAsync("The events are complete, the state is not, and nothing but operators' "
                + "commands is taken: run refill again when the cause is mended.");
            return 1;
        }
        await connection.ExecuteAsync("UPDATE refills SET ended_at = now() WHERE id = @refill", new { refill });
        await output.WriteLineAsync("The store has what its topic holds. Services go on by themselves, and so does "
            + "LogTailer, within 10 s.");
        return 0;
    }

    /// <summary>From here on nobody appends.</summary>
    private static async Task<(long Refill, bool IsNew)> BeginAsync(NpgsqlConnection connection, Hand hand,
        TextWriter output)
    {
        var unfinished = await connection.QuerySingleOrDefaultAsync<Begun>(
            """SELECT id AS "Id", who AS "Who", began_at AS "BeganAt" FROM refills WHERE ended_at IS NULL""");
        if (unfinished is { } begun)
        {
            await output.WriteLineAsync($"This goes on with the refill that {begun.Who} began at {begun.BeganAt:u}.");
            return (begun.Id, false);
        }
        return (await connection.ExecuteScalarAsync<long>(
            "INSERT INTO refills (who, why) VALUES (@Who, @Why) RETURNING id", hand), true);
    }

    private async Task<Completed> CompleteAsync(NpgsqlConnection connection, long refill,
        IReadOnlyList<OwnTopic.Extent> extents, TextWriter output, CancellationToken cancellation)
    {
        var staged = new StagedTopic(connection, registry, store.Topic, store.Source, cancellation);
        await output.WriteLineAsync($"Reading {store.Topic}: {extents.Sum(e => e.End - e.First)} records.");
        var said = Stopwatch.StartNew();
        await Blocking.RunAsync(() => staged.Fill(topic, extents, events =>
        {
            if (said.Elapsed < ProgressInterval) return;
            said.Restart();
            output.WriteLine($"{events} events read.");
        }));
        if (staged.Foreign > 0)
            await output.WriteLineAsync($"{staged.Foreign} records of the topic are no events of a store: left out.");
        return await new Completion(connection, refill, choreography.DeclaredTables()).RunAsync(cancellation);
    }

    private static async Task TellAsync(Completed all, TextWriter output)
    {
        if (all.First is null)
        {
            await output.WriteLineAsync($"No event is missing: the store ends at position {all.Through}.");
            return;
        }
        await output.WriteLineAsync($"{all.Added} events were missing, from position {all.First} on; the store ends at "
            + $"position {all.Through} now.");
        if (all.SetAside > 0)
            await output.WriteLineAsync($"{all.SetAside} events were set aside, which contradict the topic and were "
                + "published to nobody: the command set-aside lists them. All topics are read from their start again.");
        if (all.Lost != "{}")
            await output.WriteLineAsync($"The positions {all.Lost} have no event: theirs were lost with the database "
                + "before anybody saw them. What they answered is answered anew; a post or a command among them has "
                + "to be given again.");
    }

    private sealed record Begun(long Id, string Who, DateTime BeganAt);
}
