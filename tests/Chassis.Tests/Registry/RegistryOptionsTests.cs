using Checkout.Chassis.Registry;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace Checkout.Chassis.Tests.Registry;

public sealed class RegistryOptionsTests
{
    [Theory]
    [InlineData(null, "Registry:Url is missing")]
    [InlineData("ftp://registry", "'ftp://registry', which is not an http or https address")]
    [InlineData("registry:8081", "'registry:8081', which is not an http or https address")]
    [InlineData("http://a:8081,registry:8081", "'registry:8081', which is not an http or https address")]
    [InlineData("ftp://user:secret@registry", "'ftp://registry', which is not an http or https address")]
    [InlineData("user:secret@registry", "'registry', which is not an http or https address")]
    [InlineData("http://a:b@one,http://c:d@two", "several users")]
    public void An_address_that_cannot_work_is_told_before_the_start(string? url, string sentence) =>
        Assert.Contains(sentence, Assert.Single(new RegistryOptions { Url = url }.Faults()), StringComparison.Ordinal);

    [Theory]
    [InlineData("MaxRetries", "-1", "Registry:MaxRetries is -1")]
    [InlineData("AttemptTimeout", "00:00:00", "Registry:AttemptTimeout is 00:00:00")]
    [InlineData("LongestRetryDelay", "01:00:00", "Registry:LongestRetryDelay is 01:00:00")]
    [InlineData("UserName", "me", "belong together")]
    [InlineData("Bearer:ClientId", "me", "give all four")]
    [InlineData("Tls:CaLocation", "/not/there.pem", "Registry can't be used: ")]
    [InlineData("Properties:schema.registry.url", "http://b", "give Registry:Url")]
    [InlineData("Properties:ssl.ca.location", "ca.pem", "begin with schema.registry.")]
    [InlineData("Properties:schema.registry.unheard.of", "1", "Unknown configuration parameter")]
    public void A_setting_that_cannot_work_is_told_before_the_start(string name, string value, string sentence) =>
        Assert.Contains(sentence, Assert.Single(Read((name, value)).Faults()), StringComparison.Ordinal);

    [Fact]
    public void What_is_given_reaches_the_client_and_the_user_does_not_stay_in_the_address()
    {
        var options = Read(("Url", "http://me:p%40ss@one:8081/path/, http://two:8081"), ("MaxRetries", "4"),
            ("AttemptTimeout", "00:00:03"), ("Tls:VerifyCertificate", "false"),
            ("Properties:schema.registry.connections.max.per.server", "3"));
        Assert.Empty(options.Faults());
        var client = options.Client();
        Assert.Equal("http://one:8081/path/,http://two:8081", client.Url);
        Assert.Equal("http://one:8081/path/, http://two:8081", options.Addresses());
        Assert.Equal(("me:p@ss", 5, 3_000, false, 3), (client.BasicAuthUserInfo, client.MaxRetries,
            client.RequestTimeoutMs, client.EnableSslCertificateVerification, client.MaxConnectionsPerServer));
    }

    [Fact]
    public void A_setting_of_the_client_may_be_written_as_a_shell_can_export_it()
    {
        const string exported = "Properties:SCHEMA_REGISTRY_CONNECTIONS_MAX_PER_SERVER";
        const string own = "Properties:schema.registry.connections.max.per.server";
        Assert.Equal(3, Read((exported, "3")).Client().MaxConnectionsPerServer);
        Assert.Equal(4, Read((exported, "3"), (own, "4")).Client().MaxConnectionsPerServer);
        Assert.Contains("give Registry:Url",
            Assert.Single(Read(("Properties:schema_registry_url", "http://b")).Faults()), StringComparison.Ordinal);
    }

    private static RegistryOptions Read(params IEnumerable<(string Name, string Value)> settings) =>
        new ConfigurationBuilder()
            .AddInMemoryCollection([new("Url", "http://registry:8081")])
            .AddInMemoryCollection(settings.Select(s => new KeyValuePair<string, string?>(s.Name, s.Value)))
            .Build().Get<RegistryOptions>()!;
}
