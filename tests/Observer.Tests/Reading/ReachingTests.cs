using Checkout.Observer.Reading;
using Confluent.Kafka;
using Xunit;

namespace Checkout.Observer.Tests.Reading;

/// <summary>What the audit says it has reached.</summary>
public sealed class ReachingTests
{
    private static readonly TopicPartition Partition = new("store.checkouts", 0);
    private readonly Clock _time = new();

    [Fact]
    public async Task What_was_there_when_it_was_asked_is_reached_though_there_is_always_more()
    {
        var reaching = new Reaching(_time);
        var asked = Now;
        Answer(reaching, end: 5);
        // Newer answers ask for more, and are not waited for.
        for (var end = 6; end < 9; end++)
        {
            _time.Passes(TimeSpan.FromSeconds(1));
            Answer(reaching, end);
        }
        await ReadAsync(reaching, upTo: 4, head: 9);
        Assert.Null(reaching.ReadAt);
        await ReadAsync(reaching, upTo: 5, head: 10);
        Assert.Equal(asked, reaching.ReadAt);
        Assert.True(reaching.IsJudging);
        Assert.Null(reaching.Judged([("store.checkouts", 10)]));
        // What waits now came later.
        Assert.Equal(asked, reaching.Judged([("store.checkouts", 11)]));
        Assert.Null(reaching.Judged([]));
    }

    [Fact]
    public async Task Whatever_was_read_since_is_later_also_where_the_clock_was_set_back()
    {
        var reaching = new Reaching(_time);
        Answer(reaching, end: 5);
        _time.IsSetBack(TimeSpan.FromMinutes(1));
        var batch = Now;
        reaching.Batch();
        await ReadAsync(reaching, upTo: 5, head: 5);
        Assert.Equal(batch, reaching.Judged([]));
    }

    [Fact]
    public async Task An_answer_that_lacks_a_partition_gives_way_to_one_that_has_it()
    {
        var reaching = new Reaching(_time);
        Answer(reaching, end: 5);
        _time.Passes(TimeSpan.FromSeconds(1));
        reaching.Answered(Ends(7), _time.GetTimestamp(), ends => ends.Count > 1);
        await ReadAsync(reaching, upTo: 6, head: 7);
        Assert.Null(reaching.ReadAt);
    }

    [Fact]
    public async Task What_is_read_again_is_not_reached()
    {
        var reaching = new Reaching(_time);
        Answer(reaching, end: 5);
        await ReadAsync(reaching, upTo: 5, head: 5);
        reaching.Forget();
        Assert.Null(reaching.Judged([]));
        Assert.Null(reaching.ReadAt);
    }

    [Fact]
    public void Nothing_is_read_before_all_partitions_of_all_topics_are()
    {
        var (first, second, other) = (Partition, new TopicPartition("store.checkouts", 1),
            new TopicPartition("balance.accounts", 0));
        var ends = new Dictionary<TopicPartition, long> { [first] = 5, [second] = 1, [other] = 0 };
        Assert.True(IsRead(ends, read: [first, second, other], behind: 0));
        Assert.False(IsRead(ends, read: [first, second, other], behind: 1));
        // Of this topic nothing is in the database, and nobody has asked for its partitions yet.
        Assert.False(IsRead(ends, read: [first, second], behind: 0));
        // A partition that came meanwhile, of which it was not asked where it ends.
        Assert.False(IsRead(ends, read: [first, second, other, new("balance.accounts", 1)], behind: 0));

        static bool IsRead(Dictionary<TopicPartition, long> ends, TopicPartition[] read, long behind) =>
            Reaching.IsRead(ends, ["store.checkouts", "balance.accounts"], [Partition], read,
                (partition, _) => partition == Partition ? behind : 0);
    }

    private DateTime Now => _time.GetUtcNow().UtcDateTime;

    private void Answer(Reaching reaching, long end) => reaching.Answered(Ends(end),
        _time.GetTimestamp(), ends => ends.Count == 1);

    private static Dictionary<TopicPartition, long> Ends(long end) => new() { [Partition] = end };

    private static Task ReadAsync(Reaching reaching, long upTo, long head) => reaching.ReadAsync(
        ends => ends.All(end => end.Value <= upTo), () => Task.FromResult<IReadOnlyDictionary<string, long>>(
            new Dictionary<string, long> { ["store.checkouts"] = head }));

    /// <summary>One that ticks, and one on the wall.</summary>
    private sealed class Clock : TimeProvider
    {
        private DateTimeOffset _wall = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public override DateTimeOffset GetUtcNow() => _wall;

        public void Passes(TimeSpan time) => (_wall, _ticks) = (_wall + time, _ticks + time.Ticks);

        public void IsSetBack(TimeSpan by) => _wall -= by;
    }
}
