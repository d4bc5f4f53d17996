using Checkout.Fixtures;
using Xunit;

namespace Checkout.EndToEnd.Systems;

/// <summary>
/// One running system for the tests that leave it as they found it. On a released Kafka where there is one.
/// </summary>
public sealed class SharedSystem : IAsyncLifetime
{
    public const string Collection = "on one running system";

    private readonly TestFolder _folder = new("system");
    private TestSystem? _system;

    public TestSystem System => _system!;

    public async ValueTask InitializeAsync() =>
        _system = await TestSystem.StartAsync("shared", TestSystem.Options(_folder) with
        {
            Observed = true,
        });

    public async ValueTask DisposeAsync()
    {
        if (_system is not null) await _system.DisposeAsync();
        _folder.Dispose();
    }
}

[CollectionDefinition(SharedSystem.Collection)]
public sealed class OnSharedSystem : ICollectionFixture<SharedSystem>;
