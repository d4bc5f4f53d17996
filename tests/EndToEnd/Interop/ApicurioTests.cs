using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Xunit;

namespace Checkout.EndToEnd.Interop;

public sealed class ApicurioTests
{
    [Fact]
    public async Task Whoever_knows_only_kcat_and_Confluents_client_reads_every_topic_through_Apicurio()
    {
        await Decoded.RequireToolsAsync();
        await using var apicurio = await ApicurioServer.StartAsync();
        using var folder = new TestFolder("apicurio");
        await using var system = await TestSystem.StartAsync("apicurio",
            TestSystem.Options(folder) with { SchemaRegistryUrl = apicurio.Url, InMemoryBroker = true });
        await OutsideReader.AssertReadsAsync(system);
    }
}
