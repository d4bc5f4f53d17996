using Checkout.Faults;
using Xunit;

namespace Checkout.Deploy.Tests.Faults;

public sealed class TopicDuplicatesTests
{
    private const string Topic = "balance.accounts";

    private readonly TopicDuplicates _duplicates = new();

    [Fact]
    public void What_no_fault_explains_is_a_violation()
    {
        Assert.Equal(0, Round(0, Struck(FaultKind.BrokerKilled)));
        Assert.Throws<ViolationException>(() => Round(1, Struck(FaultKind.BrokerKilled)));
    }

    [Fact]
    public void What_a_fault_explains_is_counted_once()
    {
        Assert.Equal(7, Round(7, Struck(FaultKind.TailerFrozen)));
        Assert.Equal(0, Round(7, Struck(FaultKind.TailerKilled)));
        Assert.Throws<ViolationException>(() => Round(8, Struck(FaultKind.TailerKilled)));
    }

    [Fact]
    public void Removed_records_may_come_back_with_a_broker_that_is_killed()
    {
        Round(0, Struck(FaultKind.RecordsDeleted, Topic));
        Assert.Equal(0, Round(0, Struck(FaultKind.TailerKilled)));
        Assert.Equal(2_901, Round(2_901, Struck(FaultKind.BrokerKilled)));
    }

    [Theory]
    [InlineData((int)FaultKind.BrokerRestarted, "")]
    [InlineData((int)FaultKind.TopicDeleted, Topic)]
    [InlineData((int)FaultKind.TopicsDeleted, "")]
    public void Not_when_it_has_stopped_in_order_since_or_the_topic_is_a_new_one(int kind, string subject)
    {
        Round(0, Struck(FaultKind.RecordsDeleted, Topic));
        Round(0, Struck((FaultKind)kind, subject));
        Assert.Throws<ViolationException>(() => Round(1, Struck(FaultKind.BrokerKilled)));
    }

    [Fact]
    public void Nor_those_of_another_topic()
    {
        Round(0, Struck(FaultKind.RecordsDeleted, "inventory.avatars"));
        Assert.Throws<ViolationException>(() => Round(1, Struck(FaultKind.BrokerKilled)));
    }

    private long Round(long duplicates, Fault fault)
    {
        _duplicates.Begin(new(Seed: 1, Round: 1, [fault]));
        return _duplicates.Came(Topic, duplicates);
    }

    private static Fault Struck(FaultKind kind, string subject = "") =>
        new(kind, subject, 0, TimeSpan.Zero, TimeSpan.Zero);
}
