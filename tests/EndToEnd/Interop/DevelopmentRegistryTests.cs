using Checkout.EndToEnd.Systems;
using Xunit;

namespace Checkout.EndToEnd.Interop;

[Collection(SharedSystem.Collection)]
public sealed class DevelopmentRegistryTests(SharedSystem shared)
{
    [Fact]
    public async Task Whoever_knows_only_kcat_and_Confluents_client_reads_every_topic_through_the_development_registry()
    {
        await Decoded.RequireToolsAsync();
        await OutsideReader.AssertReadsAsync(shared.System);
    }
}
