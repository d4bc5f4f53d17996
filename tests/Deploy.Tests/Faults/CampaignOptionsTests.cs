using Checkout.Faults;
using Xunit;

namespace Checkout.Deploy.Tests.Faults;

public sealed class CampaignOptionsTests
{
    [Fact]
    public void All_kinds_the_broker_can_suffer_are_one_selection()
    {
        Assert.Equal("all", Choosing(FaultKinds.All).Selection);
        Assert.Equal("all", Choosing(FaultKinds.InMemory, inMemory: true).Selection);
        var chosen = Choosing([FaultKind.BrokerRestarted, FaultKind.TopicDeleted]);
        Assert.Equal("broker-restarted,topic-deleted", chosen.Selection);
    }

    [Fact]
    public void A_round_is_played_again_from_its_seed_and_number() => Assert.EndsWith(
        " --project tests/Faults -- --seed 5 --first 42 --rounds 1 --only broker-restarted",
        Choosing([FaultKind.BrokerRestarted]).Replay(42));

    private static CampaignOptions Choosing(IReadOnlyList<FaultKind> kinds, bool inMemory = false) =>
        new(Seed: 5, First: 1, Rounds: 3, Total: null, inMemory, Folder: "", kinds);
}
