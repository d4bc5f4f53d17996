using System.Net;
using System.Net.Http.Json;
using Checkout.Fixtures;
using Npgsql;
using Xunit;

namespace Checkout.Deploy.Tests.Fixtures;

public sealed class ReleasedServersTests(PostgresFixture postgres)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Apicurio_registers_as_our_registry_does()
    {
        await using var apicurio = await ApicurioServer.StartAsync();
        using var http = new HttpClient();
        var body = new { schema = """{"type":"record","name":"R","fields":[]}""" };
        using var answer = await http.PostAsJsonAsync(apicurio.Url + "/subjects/s/versions", body, Cancel);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("\"id\"", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Jaeger_answers()
    {
        await using var jaeger = await JaegerServer.StartAsync();
        using var http = new HttpClient();
        Assert.Contains("data", await http.GetStringAsync(new Uri(jaeger.QueryUrl + "/api/services"), Cancel),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Toxiproxy_cuts_a_connection_and_lets_it_through_again()
    {
        await using var toxiproxy = await ToxiproxyServer.StartAsync();
        var server = await postgres.ServerAsync();
        var port = await toxiproxy.AddProxyAsync("postgres", server.Port);
        var through = new NpgsqlConnectionStringBuilder(server.ConnectionString())
        {
            Port = port,
            Pooling = false,
            Timeout = 3
        }.ConnectionString;
        await using (var open = new NpgsqlConnection(through)) await open.OpenAsync(Cancel);
        await toxiproxy.SetEnabledAsync("postgres", false);
        await using (var cut = new NpgsqlConnection(through))
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => cut.OpenAsync(Cancel));
        await toxiproxy.SetEnabledAsync("postgres", true);
        await using var again = new NpgsqlConnection(through);
        await again.OpenAsync(Cancel);
    }
}
