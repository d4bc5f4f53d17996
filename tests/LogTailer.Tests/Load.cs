using Checkout.Fixtures;
using Npgsql;

namespace Checkout.LogTailer.Tests;

/// <summary>Appends from several connections until it is told to stop: small transactions, some rolled back.</summary>
public sealed class Load : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(15);

    private readonly CancellationTokenSource _enough = new();
    private readonly Task _writing;
    private long _appended;

    /// <param name="mostEvents">The writers rest when so many were appended since the last <see cref="MoreAsync"/>: the
    /// in-memory broker does not keep much.</param>
    public Load(SampleStore store, int writers = 4, int mostEvents = int.MaxValue, int seed = 1)
    {
        MostEvents = mostEvents;
        _writing = Task.WhenAll(Enumerable.Range(0, writers)
            .Select(writer => Task.Run(() => WriteAsync(store, new Random(seed * 1_000 + writer)))));
    }

    public long Appended => Interlocked.Read(ref _appended);

    public long MostEvents { get; set; }

    /// <summary>Waits until so many events more are in the store.</summary>
    public Task MoreAsync(int events)
    {
        var until = Appended + events;
        return Eventually.Until(() => _writing.IsFaulted || Appended >= until, $"{events} more events appended");
    }

    public async Task StopAsync()
    {
        await _enough.CancelAsync();
        await _writing;
    }

    private async Task WriteAsync(SampleStore store, Random random)
    {
        await using var connection = await store.Source.OpenConnectionAsync();
        while (!_enough.IsCancellationRequested)
        {
            await Task.Delay(Pause);
            if (Appended >= MostEvents) continue;
            var samples = Enumerable.Range(0, random.Next(1, 12)).Select(_ => new Sample($"k{random.Next(60)}"))
                .ToArray();
            await using var transaction = await connection.BeginTransactionAsync();
            await SampleStore.AppendAsync(connection, samples);
            if (random.Next(6) == 0)
            {
                await transaction.RollbackAsync();
                continue;
            }
            await transaction.CommitAsync();
            Interlocked.Add(ref _appended, samples.Length);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _enough.CancelAsync();
        try
        {
            await _writing;
        }
        catch (NpgsqlException)
        {
            // Its server is gone; who needs to know calls StopAsync.
        }
        _enough.Dispose();
    }
}
