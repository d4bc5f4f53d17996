using CsCheck;
using NpgsqlTypes;
using Xunit;

namespace Checkout.LogTailer.Tests;

public sealed class ConfirmationsTests
{
    private const int Room = 64;

    [Fact]
    public void A_transaction_is_confirmable_when_its_last_event_is_acknowledged()
    {
        var c = new Confirmations(Room, long.MaxValue);
        c.Opened();
        c.TryIssue(1, out var first);
        c.TryIssue(1, out var second);
        c.Committed(At(100));
        Assert.False(c.Acknowledge(second));
        Assert.Equal(At(0), c.Confirmable(At(200)));
        Assert.True(c.Acknowledge(first));
        Assert.Equal(At(100), c.Confirmable(At(50)));
    }

    [Fact]
    public void What_was_received_counts_only_while_nothing_is_open_and_nothing_outstanding()
    {
        var c = new Confirmations(Room, long.MaxValue);
        Assert.Equal(At(10), c.Confirmable(At(10)));
        c.Opened();
        Assert.Equal(At(10), c.Confirmable(At(20)));
        c.TryIssue(1, out var ticket);
        c.Committed(At(30));
        Assert.Equal(At(10), c.Confirmable(At(40)));
        c.Acknowledge(ticket);
        Assert.Equal(At(40), c.Confirmable(At(40)));
    }

    [Fact]
    public void The_position_never_goes_back()
    {
        var c = new Confirmations(Room, long.MaxValue);
        c.Confirmable(At(50));
        c.Opened();
        c.Committed(At(30));
        Assert.Equal(At(50), c.Confirmable(At(0)));
    }

    [Fact]
    public async Task It_is_idle_when_nothing_is_outstanding()
    {
        var c = new Confirmations(Room, long.MaxValue);
        Assert.True(c.IdleAsync().IsCompleted);
        for (var i = 0; i < 2; i++) Assert.True(c.TryIssue(1, out _));
        var idle = c.IdleAsync();
        c.Acknowledge(1);
        Assert.False(idle.IsCompleted);
        c.Acknowledge(0);
        await idle.WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Room_ends_by_number_and_by_bytes_and_comes_back_with_half_of_it()
    {
        var c = new Confirmations(4, 100);
        Assert.True(c.TryIssue(1_000, out _));
        Assert.False(c.TryIssue(1, out _));
        var room = c.RoomAsync();
        Assert.False(room.IsCompleted);
        c.Acknowledge(0);
        await room.WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        for (var i = 0; i < 4; i++) Assert.True(c.TryIssue(1, out _));
        Assert.False(c.TryIssue(1, out _));
        room = c.RoomAsync();
        c.Acknowledge(1);
        Assert.False(room.IsCompleted);
        c.Acknowledge(2);
        Assert.True(c.RoomAsync().IsCompletedSuccessfully);
    }

    /// <summary>
    /// Transactions of any size (events already on the topic have no ticket), acknowledged in any order between any two
    /// steps.
    /// </summary>
    [Fact]
    public void The_confirmed_position_never_passes_an_unacknowledged_event() =>
        Gen.Select(Gen.Int[0, 5].Array[1, 10], Gen.Int[0, 1_000].Array[200]).Sample((sizes, choices) =>
        {
            var c = new Confirmations(Room, long.MaxValue);
            var outstanding = new List<(long Ticket, ulong EndOfItsTransaction)>();
            var choice = 0;
            ulong received = 0;
            for (var t = 0; t < sizes.Length; t++)
            {
                var end = received + 10 + (ulong)sizes[t];
                c.Opened();
                for (var e = 0; e < sizes[t]; e++)
                {
                    Assert.True(c.TryIssue(1, out var ticket));
                    outstanding.Add((ticket, end));
                    received++;
                    AcknowledgeSome();
                    Check(open: true);
                }
                received = end;
                c.Committed(new(end));
                Check(open: false);
                AcknowledgeSome();
            }
            while (outstanding.Count > 0) AcknowledgeSome(atLeastOne: true);
            Assert.Equal(new NpgsqlLogSequenceNumber(received), c.Confirmable(new(received)));

            void AcknowledgeSome(bool atLeastOne = false)
            {
                for (var n = choices[choice++ % choices.Length] % 3 + (atLeastOne ? 1 : 0);
                    n > 0 && outstanding.Count > 0; n--)
                {
                    var i = choices[choice++ % choices.Length] % outstanding.Count;
                    c.Acknowledge(outstanding[i].Ticket);
                    outstanding.RemoveAt(i);
                }
            }

            void Check(bool open)
            {
                var confirmable = (ulong)c.Confirmable(new(received));
                Assert.All(outstanding, o => Assert.True(confirmable < o.EndOfItsTransaction));
                if (!open && outstanding.Count == 0) Assert.Equal(received, confirmable);
            }
        });

    private static NpgsqlLogSequenceNumber At(ulong position) => new(position);
}
