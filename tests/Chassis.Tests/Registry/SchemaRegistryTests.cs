using System.Net;
using System.Text;
using Checkout.Chassis.Registry;
using Checkout.Fixtures;
using Checkout.Registry;
using Xunit;

namespace Checkout.Chassis.Tests.Registry;

public sealed class SchemaRegistryTests
{
    private const string First =
        """{"type":"record","name":"E","namespace":"t","fields":[{"name":"a","type":"string"}]}""";
    private const string Compatible =
        """
        {"type":"record","name":"E","namespace":"t",
         "fields":[{"name":"a","type":"string"},{"name":"b","type":"int","default":0}]}
        """;
    private const string Incompatible =
        """
        {"type":"record","name":"E","namespace":"t",
         "fields":[{"name":"a","type":"string"},{"name":"c","type":"int"}]}
        """;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Against_the_development_registry()
    {
        await using var registry = await DevelopmentRegistry.StartAsync(0);
        await RegistersLooksUpAndRefusesAsync(registry.Url);
    }

    [Fact]
    public async Task Against_apicurio_whose_address_has_a_path()
    {
        await using var registry = await ApicurioServer.StartAsync();
        await RegistersLooksUpAndRefusesAsync(registry.Url);
    }

    private static async Task RegistersLooksUpAndRefusesAsync(string url)
    {
        var registering = new SchemaRegistry(new() { Url = url });
        var lookingUp = new SchemaRegistry(new() { Url = url, AutoRegister = false });

        var unknown = await Assert.ThrowsAsync<SchemaNotFoundException>(() =>
            lookingUp.IdOfAsync("topic-t.E", First, Stop));
        Assert.Contains("register it in the release pipeline", unknown.Message, StringComparison.Ordinal);
        var id = await registering.IdOfAsync("topic-t.E", First, Stop);
        Assert.Equal(id, await lookingUp.IdOfAsync("topic-t.E", First, Stop));
        Assert.Equal(id, await new SchemaRegistry(new() { Url = url }).IdOfAsync("topic-t.E", First, Stop));
        Assert.NotEqual(id, await registering.IdOfAsync("topic-t.E", Compatible, Stop));
        Assert.Contains("\"name\":\"E\"",
            (await lookingUp.SchemaOfAsync(id, Stop)).Replace(" ", "", StringComparison.Ordinal),
            StringComparison.Ordinal);

        var refused = await Assert.ThrowsAsync<SchemaRefusedException>(() =>
            registering.IdOfAsync("topic-t.E", Incompatible, Stop));
        Assert.Contains("FULL_TRANSITIVE", refused.Message, StringComparison.Ordinal);
        var missing = await Assert.ThrowsAsync<SchemaNotFoundException>(() => lookingUp.SchemaOfAsync(999_999, Stop));
        Assert.Contains("has no schema with id 999999", missing.Message, StringComparison.Ordinal);
        using var http = new HttpClient();
        Assert.Contains("FULL_TRANSITIVE", await http.GetStringAsync(
            new Uri($"{url.TrimEnd('/')}/config/topic-t.E"), Stop), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_answered_once_is_not_asked_again_until_it_is_forgotten()
    {
        using var stub = new Stub
        {
            Answers = { (HttpStatusCode.OK, "{}"), (HttpStatusCode.OK, """{"id":7}"""),
                (HttpStatusCode.OK, """{"schema":"s"}""") }
        };
        var registry = stub.Registry();
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(7, await registry.IdOfAsync("a/b", "s", Stop));
            Assert.Equal("s", await registry.SchemaOfAsync(7, Stop));
        }
        Assert.Equal(["PUT /base/config/a%2Fb", "POST /base/subjects/a%2Fb/versions", "GET /base/schemas/ids/7"],
            stub.Asked);

        stub.Answers.AddRange([(HttpStatusCode.OK, """{"schema":"t"}"""), (HttpStatusCode.OK, "{}"),
            (HttpStatusCode.OK, """{"id":8}""")]);
        registry.Forget();
        Assert.Equal("t", await registry.SchemaOfAsync(7, Stop));
        Assert.Equal(8, await registry.IdOfAsync("a/b", "s", Stop));
        Assert.Equal("PUT /base/config/a%2Fb", stub.Asked[^2]);
    }

    [Fact]
    public async Task Where_a_rule_is_only_taken_for_a_subject_with_a_version_it_is_set_after_the_first()
    {
        using var stub = new Stub
        {
            Answers = { (HttpStatusCode.NotFound, """{"error_code":40401,"message":"no subject"}"""),
                (HttpStatusCode.OK, """{"id":7}"""), (HttpStatusCode.OK, "{}") }
        };
        Assert.Equal(7, await stub.Registry().IdOfAsync("s", "text", Stop));
        Assert.Equal(["PUT /base/config/s", "POST /base/subjects/s/versions", "PUT /base/config/s"], stub.Asked);
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
        Assert.Equal(7, await stub.Registry().IdOfAsync("s", "text", Stop));
    }

    [Fact]
    public async Task A_lasting_outage_is_told_as_one_and_nothing_is_remembered_of_it()
    {
        using var stub = new Stub();
        var registry = stub.Registry();
        var away = await Assert.ThrowsAsync<RegistryUnavailableException>(() => registry.SchemaOfAsync(7, Stop));
        Assert.StartsWith($"The registry at {stub.Url}/base does not answer", away.Message, StringComparison.Ordinal);
        Assert.Equal(1 + new RegistryOptions().MaxRetries, stub.Asked.Count);
        stub.Answers.Add((HttpStatusCode.OK, """{"schema":"s"}"""));
        Assert.Equal("s", await registry.SchemaOfAsync(7, Stop));
    }

    [Fact]
    public async Task A_registry_that_hangs_does_not_answer_and_cancelling_ends_the_wait_at_once()
    {
        using var stub = new Stub { Hangs = true };
        var registry = stub.Registry(new()
        {
            AttemptTimeout = TimeSpan.FromMilliseconds(200),
            FirstRetryDelay = TimeSpan.FromMilliseconds(1),
            LongestRetryDelay = TimeSpan.FromMilliseconds(1),
        });
        await Assert.ThrowsAsync<RegistryUnavailableException>(() => registry.SchemaOfAsync(7, Stop));
        using var stop = new CancellationTokenSource();
        var asking = stub.Registry().SchemaOfAsync(7, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
    }

    [Fact]
    public async Task One_address_that_does_not_answer_leaves_the_next()
    {
        using var away = new Stub();
        using var stub = new Stub { Answers = { (HttpStatusCode.OK, """{"schema":"s"}""") } };
        var registry = new SchemaRegistry(new() { Url = $"{away.Url}, {stub.Url}/base", MaxRetries = 0 });
        Assert.Equal("s", await registry.SchemaOfAsync(7, Stop));
        Assert.Single(away.Asked);
        var none = await Assert.ThrowsAsync<RegistryUnavailableException>(() => registry.SchemaOfAsync(8, Stop));
        Assert.StartsWith($"The registry at {away.Url}, {stub.Url}/base does not answer", none.Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HttpStatusCode.Conflict, "field c has no default The new schema is not compatible (FULL_TRANSITIVE)")]
    [InlineData(HttpStatusCode.UnprocessableEntity, "field c has no default The registry does not accept this")]
    [InlineData(HttpStatusCode.Forbidden, "field c has no default Allow this process to register schemas")]
    [InlineData(HttpStatusCode.BadRequest, "field c has no default Check that Registry:Url is the address")]
    public async Task Errors_that_stay_are_told_in_a_sentence_and_not_tried_again(HttpStatusCode status, string told)
    {
        using var stub = new Stub
        {
            Answers = { (HttpStatusCode.OK, "{}"),
                (status, $$"""{"error_code":{{(int)status}},"message":"field c has no default"}""") }
        };
        var refused = await Assert.ThrowsAsync<SchemaRefusedException>(() => stub.Registry()
            .IdOfAsync("s", "text", Stop));
        Assert.StartsWith($"The registry at {stub.Url}/base answered {(int)status} about subject 's': {told}",
            refused.Message, StringComparison.Ordinal);
        Assert.Equal(2, stub.Asked.Count);
    }

    [Theory]
    [InlineData("text", "with a body that is not its contract's JSON")]
    [InlineData("{}", "without a schema")]
    public async Task An_answer_that_is_none_is_an_outage(string body, string told)
    {
        using var stub = new Stub { Answers = { (HttpStatusCode.OK, body) } };
        var away = await Assert.ThrowsAsync<RegistryUnavailableException>(() => stub.Registry().SchemaOfAsync(7, Stop));
        Assert.Contains(told, away.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"error_code":401,"message":"Unauthorized"}""")]
    [InlineData("<html>a proxy's own</html>")]
    public async Task Credentials_in_the_address_are_sent_and_never_shown(string body)
    {
        using var stub = new Stub { Answers = { (HttpStatusCode.Unauthorized, body) } };
        var address = $"{stub.Url}/base".Replace("//", "//user:sec%72et@", StringComparison.Ordinal);
        var registry = new SchemaRegistry(new() { Url = address });
        var refused = await Assert.ThrowsAsync<SchemaRefusedException>(() => registry.SchemaOfAsync(7, Stop));
        Assert.StartsWith($"The registry at {stub.Url}/base answered 401", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.ToString(), StringComparison.Ordinal);
        Assert.Equal("Basic dXNlcjpzZWNyZXQ=", stub.Authorization);
    }

    [Fact]
    public async Task A_user_or_a_token_of_the_settings_is_sent()
    {
        using var stub = new Stub
        {
            Answers = { (HttpStatusCode.OK, """{"schema":"s"}"""), (HttpStatusCode.OK, """{"schema":"s"}""") }
        };
        await stub.Registry(new() { UserName = "user", Password = "secret" }).SchemaOfAsync(7, Stop);
        Assert.Equal("Basic dXNlcjpzZWNyZXQ=", stub.Authorization);
        await stub.Registry(new() { Bearer = { Token = "given" } }).SchemaOfAsync(7, Stop);
        Assert.Equal("Bearer given", stub.Authorization);
    }

    [Fact]
    public async Task A_token_is_got_where_the_settings_say_how_and_its_want_is_an_outage()
    {
        using var tokens = new Stub { Answers = { (HttpStatusCode.OK, """{"access_token":"got","expires_in":60}""") } };
        using var stub = new Stub { Answers = { (HttpStatusCode.OK, """{"schema":"s"}""") } };
        RegistryOptions options = new()
        {
            MaxRetries = 0,
            Bearer = { ClientId = "me", ClientSecret = "secret", Scope = "schemas", TokenUrl = $"{tokens.Url}/token" },
        };
        await stub.Registry(options).SchemaOfAsync(7, Stop);
        Assert.Equal("Bearer got", stub.Authorization);
        var away = await Assert.ThrowsAsync<RegistryUnavailableException>(() =>
            stub.Registry(options).SchemaOfAsync(7, Stop));
        Assert.DoesNotContain("secret", away.ToString(), StringComparison.Ordinal);
    }

    /// <summary>Answers in turn, and is not there when it has no answers left.</summary>
    private sealed class Stub : HttpMessageHandler
    {
        private readonly HandlerServer _server;

        public Stub() => _server = new(this);

        public List<(HttpStatusCode Status, string Body)> Answers { get; } = [];
        public List<string> Asked { get; } = [];
        public string? Authorization { get; private set; }
        public bool Hangs { get; init; }
        public string Url => _server.Url;

        public SchemaRegistry Registry(RegistryOptions? options = null)
        {
            options ??= new();
            options.Url = $"{Url}/base";
            return new(options);
        }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request,
            CancellationToken cancellationToken)
        {
            Asked.Add($"{request.Method} {request.RequestUri!.AbsolutePath}");
            Authorization = request.Headers.Authorization?.ToString();
            if (Hangs) await Task.Delay(Timeout.Infinite, cancellationToken);
            if (Answers.Count == 0) throw new HttpRequestException("Connection refused");
            var (status, body) = Answers[0];
            Answers.RemoveAt(0);
            return new(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) _server.Dispose();
            base.Dispose(disposing);
        }
    }
}
