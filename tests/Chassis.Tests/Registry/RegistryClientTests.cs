using System.Net;
using System.Text;
using Checkout.Chassis.Registry;
using Checkout.Fixtures;
using Checkout.Registry;
using Xunit;

namespace Checkout.Chassis.Tests.Registry;

public sealed class RegistryClientTests
{
    private const string First =
        """{"type":"record","name":"E","namespace":"t","fields":[{"name":"a","type":"string"}]}""";
    private const string Compatible =
        """{"type":"record","name":"E","namespace":"t","fields":[{"name":"a","type":"string"},{"name":"b","type":"int","default":0}]}""";
    private const string Incompatible =
        """{"type":"record","name":"E","namespace":"t","fields":[{"name":"a","type":"string"},{"name":"c","type":"int"}]}""";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Against_the_development_registry()
    {
        await using var registry = await DevelopmentRegistry.StartAsync(0);
        await RegistersLooksUpAndRefusesAsync(new Uri(registry.Url));
    }

    [Fact]
    public async Task Against_apicurio_whose_address_has_a_path()
    {
        await using var registry = await ApicurioServer.StartAsync();
        await RegistersLooksUpAndRefusesAsync(new Uri(registry.Url));
    }

    private static async Task RegistersLooksUpAndRefusesAsync(Uri url)
    {
        using var http = new HttpClient();
        var registering = new RegistryClient(http, new() { Url = url });
        var lookingUp = new RegistryClient(http, new() { Url = url, AutoRegister = false });

        var unknown = await Assert.ThrowsAsync<SchemaNotFoundException>(() =>
            lookingUp.IdOfAsync("topic-t.E", First, Stop));
        Assert.Contains("register it in the release pipeline", unknown.Message, StringComparison.Ordinal);
        var id = await registering.IdOfAsync("topic-t.E", First, Stop);
        Assert.Equal(id, await lookingUp.IdOfAsync("topic-t.E", First, Stop));
        Assert.Equal(id, await new RegistryClient(http, new() { Url = url }).IdOfAsync("topic-t.E", First, Stop));
        Assert.NotEqual(id, await registering.IdOfAsync("topic-t.E", Compatible, Stop));
        Assert.Contains("\"name\":\"E\"",
            (await lookingUp.SchemaOfAsync(id, Stop)).Replace(" ", "", StringComparison.Ordinal),
            StringComparison.Ordinal);

        var refused = await Assert.ThrowsAsync<SchemaRefusedException>(() =>
            registering.IdOfAsync("topic-t.E", Incompatible, Stop));
        Assert.Contains("FULL_TRANSITIVE", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<SchemaNotFoundException>(() => lookingUp.SchemaOfAsync(999_999, Stop));
        Assert.Contains("FULL_TRANSITIVE", await http.GetStringAsync(
            new Uri($"{url.ToString().TrimEnd('/')}/config/topic-t.E"), Stop), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_answered_once_is_not_asked_again()
    {
        using var stub = new Stub
        {
            Answers = { (HttpStatusCode.OK, "{}"), (HttpStatusCode.OK, """{"id":7}"""),
                (HttpStatusCode.OK, """{"schema":"s"}""") }
        };
        var client = stub.Client();
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(7, await client.IdOfAsync("a/b", "s", Stop));
            Assert.Equal("s", await client.SchemaOfAsync(7, Stop));
        }
        Assert.Equal(["PUT /base/config/a%2Fb", "POST /base/subjects/a%2Fb/versions", "GET /base/schemas/ids/7"],
            stub.Asked);
    }

    [Theory]
    [InlineData(HttpStatusCode.RequestTimeout)]
    [InlineData(HttpStatusCode.TooManyRequests)]
    [InlineData(HttpStatusCode.InternalServerError)]
    [InlineData(HttpStatusCode.ServiceUnavailable)]
    public async Task A_passing_outage_is_outlived(HttpStatusCode status)
    {
        using var stub = new Stub
        {
            Answers = { (status, "away"), (HttpStatusCode.OK, "{}"), (status, "away"),
                (HttpStatusCode.OK, """{"id":7}""") }
        };
        Assert.Equal(7, await stub.Client().IdOfAsync("s", "text", Stop));
    }

    [Fact]
    public async Task A_lasting_outage_is_told_as_one_and_nothing_is_remembered_of_it()
    {
        using var stub = new Stub();
        var client = stub.Client();
        var away = await Assert.ThrowsAsync<RegistryUnavailableException>(() => client.SchemaOfAsync(7, Stop));
        Assert.Contains("http://registry.test/base/", away.Message, StringComparison.Ordinal);
        Assert.Equal(1 + RegistryClient.MaxRetries, stub.Asked.Count);
        stub.Answers.Add((HttpStatusCode.OK, """{"schema":"s"}"""));
        Assert.Equal("s", await client.SchemaOfAsync(7, Stop));
    }

    [Fact]
    public async Task Errors_that_stay_are_not_tried_again()
    {
        using var stub = new Stub
        {
            Answers = { (HttpStatusCode.OK, "{}"),
                (HttpStatusCode.Conflict, """{"error_code":409,"message":"field c has no default"}""") }
        };
        var refused = await Assert.ThrowsAsync<SchemaRefusedException>(() => stub.Client()
            .IdOfAsync("s", "text", Stop));
        Assert.Contains("field c has no default", refused.Message, StringComparison.Ordinal);
        Assert.Equal(2, stub.Asked.Count);
    }

    [Fact]
    public async Task Credentials_in_the_address_are_sent_and_never_shown()
    {
        using var stub = new Stub
        {
            Answers = { (HttpStatusCode.Unauthorized, """{"error_code":401,"message":"Unauthorized"}""") }
        };
        var refused = await Assert.ThrowsAsync<SchemaRefusedException>(() =>
            stub.Client("http://user:secret@registry.test/base").SchemaOfAsync(7, Stop));
        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
        Assert.Equal("Basic dXNlcjpzZWNyZXQ=", stub.Authorization);
    }

    [Theory]
    [InlineData(null, "Registry:Url is missing")]
    [InlineData("ftp://registry", "not an http or https address")]
    [InlineData("registry:8081", "not an http or https address")]
    public void An_address_that_cannot_work_is_told_before_the_start(string? url, string sentence) =>
        Assert.Contains(sentence,
            Assert.Single(
                new RegistryOptions { Url = url is null ? null : new Uri(url, UriKind.RelativeOrAbsolute) }.Faults()),
                StringComparison.Ordinal);

    /// <summary>Answers in turn, and is not there when it has no answers left.</summary>
    private sealed class Stub : HttpMessageHandler
    {
        public List<(HttpStatusCode Status, string Body)> Answers { get; } = [];
        public List<string> Asked { get; } = [];
        public string? Authorization { get; private set; }

        public RegistryClient Client(string url = "http://registry.test/base") =>
            new(new HttpClient(this), new() { Url = new Uri(url) });

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request,
            CancellationToken cancellationToken)
        {
            Asked.Add($"{request.Method} {request.RequestUri!.AbsolutePath}");
            Authorization = request.Headers.Authorization?.ToString();
            if (Answers.Count == 0) throw new HttpRequestException("Connection refused");
            var (status, body) = Answers[0];
            Answers.RemoveAt(0);
            return Task.FromResult(
                new HttpResponseMessage(status)
                {
                    Content = new StringContent(body, Encoding.UTF8, "application/json")
                });
        }
    }
}
