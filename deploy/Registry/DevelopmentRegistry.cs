using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
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
    /// <param name="users">Who is let in, with their passwords (basic authentication); null for everybody.</param>
    public static async Task<DevelopmentRegistry> StartAsync(int port, string? file = null,
        IReadOnlyDictionary<string, string>? users = null)
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
        if (users is not null) application.Use((http, next) => LetInAsync(http, next, users));
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

    private static Task LetInAsync(HttpContext http, RequestDelegate next, IReadOnlyDictionary<string, string> users)
    {
        var given = SHA256.HashData(Encoding.UTF8.GetBytes(http.Request.Headers.Authorization.ToString()));
        // All of them, and hashes: how long it takes says nothing of how much was right.
        var known = users.Count(user => CryptographicOperations.FixedTimeEquals(given, SHA256.HashData(
            Encoding.UTF8.GetBytes("Basic "
                + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user.Key}:{user.Value}"))))));
        if (known > 0) return next(http);
        http.Response.Headers.WWWAuthenticate = "Basic realm=\"registry\"";
        throw new RegistryException(StatusCodes.Status401Unauthorized,
            "This registry lets in who is known to it: give its user and password.");
    }

    /// <summary>The default one takes Ctrl+C and SIGTERM away from the program this registry is in.</summary>
    private sealed class ProgramsOwnLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
