using Checkout.Registry;
using Xunit;

namespace Checkout.Fixtures;

/// <summary>
/// One schema registry for a test program: [assembly: AssemblyFixture(typeof(RegistryFixture))]. Tests share it; their
/// subjects follow from their own topics' names.
/// </summary>
public sealed class RegistryFixture : IAsyncLifetime
{
    private DevelopmentRegistry? _registry;

    public string Url => _registry!.Url;

    public async ValueTask InitializeAsync() => _registry = await DevelopmentRegistry.StartAsync(0);

    public async ValueTask DisposeAsync()
    {
        if (_registry is not null) await _registry.DisposeAsync();
    }
}
