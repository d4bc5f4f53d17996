using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Checkout.Registry;

/// <summary>
/// A small Confluent-compatible schema registry for development and tests, in this process. It takes Avro without
/// references, deletes nothing, and starts at FULL_TRANSITIVE, which the contracts of this system promise.
/// </summary>
public sealed class DevelopmentRegistry : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly SchemaStore _store;

    private DevelopmentRegistry(WebApplication application, SchemaStore store)
    {
        _application = application;
        _store = store;
        Url = application.Services.GetRequiredService<IServer>().Features
            .Get<IServerAddressesFeature>()!.Addresses.First();
    }

    public string Url { get; }

    /// <summary>
    /// Port 0 takes any. Without a file all is forgotten at the end; with one, ids stay the same over restarts.
    /// </summary>
    public static async Task<DevelopmentRegistry> StartAsync(int port, string? file = null)
    {
        var store = new SchemaStore(file);
        // The empty builder reads no settings and no environment, which are those of the program we are in, and logs
        // nothing.
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, ProgramsOwnLifetime>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options => options.Listen(IPAddress.Loopback, port));
        var application = builder.Build();
        application.Use((http, next) => RegistryApi.WithErrorBodies(http, next));
        application.UseRouting();
        new RegistryApi(store).Map(application);
        try
        {
            await application.StartAsync();
        }
        catch
        {
            await application.DisposeAsync();
            store.Dispose();
            throw;
        }
        return new(application, store);
    }

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        _store.Dispose();
    }

    /// <summary>The default one takes Ctrl+C and SIGTERM away from the program this registry is in.</summary>
    private sealed class ProgramsOwnLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
