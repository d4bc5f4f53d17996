using System.Globalization;
using System.Text;
using Checkout.Chassis.WireFormat;
using Confluent.Kafka;
using Xunit;

namespace Checkout.LogTailer.Tests;

/// <summary>
/// Where a partition ends, by what a consumer that reads it from its first record has come to. One partition, so each
/// event follows the one before.
/// </summary>
public sealed class PartitionChainTests
{
    [Theory]
    [InlineData("1-500", 500, 500)]
    [InlineData("1-40", 40, 40)]
    // Late duplicates of a tailer that was frozen, at the end and before it.
    [InlineData("1-500 450-480", 500, 500)]
    [InlineData("1-500 460-499 501-510", 510, 510)]
    [InlineData("1-500 401-500", 500, 500)]
    // Emptied, or made anew while records were on their way to it; and then published again, in part or wholly.
    [InlineData("501-560", 0, 560)]
    [InlineData("501-900", 0, 900)]
    [InlineData("501-560 1-200", 200, 560)]
    [InlineData("501-900 1-1000", 1000, 1000)]
    // And with what a tailer sent that slept meanwhile.
    [InlineData("1-100 501-540 101-130", 130, 540)]
    [InlineData("1-100 501-540", 100, 540)]
    public void A_partition_ends_where_its_consumers_are(string runs, long position, long highest)
    {
        var records = Records(runs);
        var chain = new PartitionChain(new("topic", 0), 0, records.Count, mustBeWhole: true);
        if (records.Count > PartitionEnds.WindowRecords)
        {
            chain.BeginAtStart(PartitionEnds.WindowRecords);
            Read(chain, records);
        }
        ReadToEnd(chain, records);
        Assert.Equal((position, highest), (chain.End.Position, chain.End.HighestPosition));
        Assert.Equal(records[0] != 1, chain.IsHeadless);
    }

    [Fact]
    public void Where_the_broker_drops_the_oldest_the_first_record_is_believed()
    {
        var records = Records("501-560");
        var chain = new PartitionChain(new("topic", 0), 500, 560, mustBeWhole: false);
        chain.Begin(PartitionEnds.WindowRecords);
        for (var i = 0; i < records.Count; i++) chain.Take(Record(500 + i, records[i]));
        Assert.Equal(560, chain.End.Position);
    }

    /// <summary>
    /// A tailer that slept sent more than a window of records that follow each other ahead of what is missing before
    /// them; the running one had come to 100.
    /// </summary>
    [Theory]
    [InlineData("1-100 201-900", 100, 900)]
    [InlineData("1-100 201-900 101-110", 110, 900)]
    [InlineData("1-100 51-900", 900, 900)]
    [InlineData("1-100", 100, 100)]
    public void What_this_process_did_not_see_acknowledged_is_read_wholly(string runs, long position, long highest)
    {
        var records = Records(runs);
        var chain = new PartitionChain(new("topic", 0), 0, records.Count, mustBeWhole: true, new Accounted(100, 100));
        ReadToEnd(chain, records);
        Assert.Equal((position, highest), (chain.End.Position, chain.End.HighestPosition));
    }

    /// <summary>
    /// The brokers lost the end of the partition while records were on their way, and those came to lie above the hole.
    /// This process had seen 600 acknowledged at offset 599.
    /// </summary>
    [Theory]
    [InlineData("1-500 601-900", 500, 900)]
    [InlineData("1-400 601-700", 400, 700)]
    [InlineData("1-590", 590, 590)]
    [InlineData("1-500 601-900 501-900", 900, 900)]
    public void Where_what_was_acknowledged_is_gone_the_whole_partition_says_what_is_there(
        string runs, long position, long highest)
    {
        var records = Records(runs);
        var chain = new PartitionChain(new("topic", 0), 0, records.Count, mustBeWhole: true, new Accounted(600, 600));
        ReadToEnd(chain, records);
        Assert.Equal((position, highest), (chain.End.Position, chain.End.HighestPosition));
        Assert.Equal(new Accounted(records.Count, records[^1]), chain.End.Accounted);
    }

    private static void ReadToEnd(PartitionChain chain, List<long> records)
    {
        chain.Begin(chain.FirstWindow);
        Read(chain, records);
        while (chain.NeedsMore)
        {
            chain.Begin(chain.NextWindow);
            Read(chain, records);
        }
    }

    private static void Read(PartitionChain chain, List<long> records)
    {
        for (var offset = chain.From; offset < Math.Min(chain.Until, records.Count); offset++)
            chain.Take(Record(offset, records[(int)offset]));
    }

    private static ConsumeResult<byte[], byte[]> Record(long offset, long position) => new()
    {
        TopicPartitionOffset = new("topic", 0, offset),
        Message = new()
        {
            Headers = new()
            {
                { EventHeaders.Id, Encoding.UTF8.GetBytes(Guid.NewGuid().ToString()) },
                { EventHeaders.Sequence, Encoding.UTF8.GetBytes(position.ToString(CultureInfo.InvariantCulture)) },
                { EventHeaders.Previous,
                    Encoding.UTF8.GetBytes((position - 1).ToString(CultureInfo.InvariantCulture)) },
            },
        },
    };

    private static List<long> Records(string runs) => [.. from run in runs.Split(' ')
                                                         let ends = run.Split('-')
                                                             .Select(n => int.Parse(n, CultureInfo.InvariantCulture))
                                                             .ToArray()
                                                         from position in Enumerable.Range(ends[0],
                                                             ends[1] - ends[0] + 1)
                                                         select (long)position];
}
