using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Checkout.Chassis.Registry;
using Checkout.Registry;
using Xunit;

namespace Checkout.Deploy.Tests.Registry;

public sealed class DevelopmentRegistryTests : IAsyncLifetime
{
    private const string One = """{"type":"record","name":"R","namespace":"n","fields":[{"name":"a","type":"int"}]}""";
    private const string Two = """{"type":"record","name":"R","namespace":"n","fields":["""
        + """{"name":"a","type":"int"},{"name":"b","type":"int","default":0}]}""";
    private const string Other = """{"type":"record","name":"S","namespace":"n","fields":[]}""";
    private const string NoDefault =
        """
        {"type":"record","name":"R","namespace":"n","fields":[{"name":"a","type":"int"},{"name":"c","type":"int"}]}
        """;
    private readonly HttpClient _http = new();
    private DevelopmentRegistry _registry = null!;

    public async ValueTask InitializeAsync() => _registry = await DevelopmentRegistry.StartAsync(0);

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        _http.Dispose();
    }

    [Fact]
    public async Task A_schema_gets_a_global_id_and_its_subject_a_version()
    {
        var first = await RegisterAsync("s1", One);
        Assert.Equal((1, 1, "s1"), ((int)first["id"]!, (int)first["version"]!, (string)first["subject"]!));
        var second = await RegisterAsync("s1", Two);
        Assert.Equal((2, 2), ((int)second["id"]!, (int)second["version"]!));
        var elsewhere = await RegisterAsync("s2", Two);
        Assert.Equal((2, 1), ((int)elsewhere["id"]!, (int)elsewhere["version"]!));
        Assert.Equal("""["s1","s2"]""", await TextAsync("/subjects?deleted=False"));
        Assert.Equal("[1,2]", await TextAsync("/subjects/s1/versions"));
        Assert.Equal(Two, (string)(await JsonAsync("/schemas/ids/2?subject=s1"))["schema"]!);
        Assert.Equal("""[{"subject":"s1","version":2},{"subject":"s2","version":1}]""",
            await TextAsync("/schemas/ids/2/versions"));
        Assert.Equal(Two, await TextAsync("/subjects/s1/versions/2/schema"));
    }

    [Fact]
    public async Task A_registry_with_users_lets_nobody_else_in()
    {
        const string password = "a:b ;'\"ä";
        await using var registry = await DevelopmentRegistry.StartAsync(0,
            users: new Dictionary<string, string> { ["tailer"] = password });
        var right = new RegistryOptions
        {
            Url = registry.Url,
            UserName = "tailer",
            Password = password,
        };
        Assert.Empty(right.Faults());
        Assert.Equal(1, await new SchemaRegistry(right).IdOfAsync("s-n.R", One, TestContext.Current.CancellationToken));
        right.Password = "wrong";
        var refused = await Assert.ThrowsAsync<SchemaRefusedException>(() =>
            new SchemaRegistry(right).IdOfAsync("s-n.R", One, TestContext.Current.CancellationToken));
        Assert.Contains("answered 401", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Registry:UserName", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_schema_written_otherwise_is_the_same_version()
    {
        await RegisterAsync("s", One);
        var again = await RegisterAsync("s",
            """
            { "name": "R", "type": "record", "namespace": "n", "fields": [ { "type": {"type": "int"}, "name": "a" } ] }
            """);
        Assert.Equal((1, 1), ((int)again["id"]!, (int)again["version"]!));
        Assert.Equal("[1]", await TextAsync("/subjects/s/versions"));
    }

    [Fact]
    public async Task A_lookup_answers_what_registering_answered_and_registers_nothing()
    {
        await ExpectAsync(404, 40401, HttpMethod.Post, "/subjects/s?normalize=False&deleted=True", Body(One));
        var registered = await RegisterAsync("s", One);
        var found = await SendAsync(HttpMethod.Post, "/subjects/s?normalize=False&deleted=True", Body(One));
        Assert.Equal(registered.ToJsonString(), found.Body.ToJsonString());
        await ExpectAsync(404, 40403, HttpMethod.Post, "/subjects/s", Body(Two));
    }

    [Fact]
    public async Task The_guid_is_the_md5_of_the_schemas_text()
    {
        var guid = (string)(await RegisterAsync("s", One))["guid"]!;
        Assert.Equal("467f08c5-37bc-a9e7-0acf-fd4d403727ca", guid); // md5sum of the text
        Assert.Equal(One, (string)(await JsonAsync($"/schemas/guids/{guid}"))["schema"]!);
    }

    [Fact]
    public async Task Versions_are_found_by_number_and_as_latest()
    {
        await RegisterAsync("s", One);
        var second = await RegisterAsync("s", Two);
        Assert.Equal(second.ToJsonString(), (await JsonAsync("/subjects/s/versions/latest")).ToJsonString());
        Assert.Equal(One, (string)(await JsonAsync("/subjects/s/versions/1?deleted=true"))["schema"]!);
        await ExpectAsync(404, 40402, HttpMethod.Get, "/subjects/s/versions/3");
        await ExpectAsync(422, 42202, HttpMethod.Get, "/subjects/s/versions/zero");
        await ExpectAsync(404, 40401, HttpMethod.Get, "/subjects/nobody/versions/latest");
    }

    [Fact]
    public async Task An_incompatible_schema_is_refused_with_a_reason()
    {
        await RegisterAsync("s", One);
        var message = await ExpectAsync(409, 40901, HttpMethod.Post, "/subjects/s/versions", Body(NoDefault));
        Assert.Contains("/c: the field has no default", message, StringComparison.Ordinal);
        Assert.Equal("[1]", await TextAsync("/subjects/s/versions"));
    }

    [Theory]
    [InlineData("BACKWARD", false)]
    [InlineData("FORWARD", true)]
    [InlineData("full", false)]
    [InlineData("NONE", true)]
    public async Task A_subjects_level_decides(string level, bool accepted)
    {
        await RegisterAsync("s", One);
        await ExpectAsync(404, 40408, HttpMethod.Get, "/config/s");
        Assert.Equal("FULL_TRANSITIVE",
            (string)(await JsonAsync("/config/s?defaultToGlobal=True"))["compatibilityLevel"]!);
        var set = await SendAsync(HttpMethod.Put, "/config/s", new JsonObject { ["compatibility"] = level });
        Assert.Equal(level.ToUpperInvariant(), (string)set.Body["compatibility"]!);
        Assert.Equal(level.ToUpperInvariant(), (string)(await JsonAsync("/config/s"))["compatibilityLevel"]!);
        // A field without a default: the old schema reads it, the new one does not read old data.
        Assert.Equal(accepted,
            (await SendAsync(HttpMethod.Post, "/subjects/s/versions", Body(NoDefault))).Status == 200);
    }

    [Theory]
    [InlineData("FULL", true)]
    [InlineData("FULL_TRANSITIVE", false)]
    public async Task Only_transitive_levels_look_beyond_the_last_version(string level, bool accepted)
    {
        await SendAsync(HttpMethod.Put, "/config", new JsonObject { ["compatibility"] = "NONE" });
        await RegisterAsync("s", """{"type":"record","name":"R","fields":[{"name":"a","type":"string"}]}""");
        await RegisterAsync("s", """{"type":"record","name":"R","fields":[]}""");
        await SendAsync(HttpMethod.Put, "/config", new JsonObject { ["compatibility"] = level });
        var back = Body("""{"type":"record","name":"R","fields":[{"name":"a","type":"int","default":0}]}""");
        Assert.Equal(accepted, (await SendAsync(HttpMethod.Post, "/subjects/s/versions", back)).Status == 200);
    }

    [Fact]
    public async Task Compatibility_can_be_asked_without_registering()
    {
        const string latest = "/compatibility/subjects/s/versions/latest?verbose=True";
        Assert.Equal("""{"is_compatible":true,"messages":[]}""",
            (await SendAsync(HttpMethod.Post, latest, Body(One))).Body.ToJsonString());
        await RegisterAsync("s", One);
        var verdict = (await SendAsync(HttpMethod.Post, latest, Body(NoDefault))).Body;
        Assert.False((bool)verdict["is_compatible"]!);
        Assert.NotEmpty(verdict["messages"]!.AsArray());
        Assert.True(
            (bool)(await SendAsync(HttpMethod.Post, "/compatibility/subjects/s/versions", Body(Two))).Body[
                "is_compatible"]!);
        await ExpectAsync(404, 40402, HttpMethod.Post, "/compatibility/subjects/s/versions/7", Body(Two));
    }

    [Theory]
    [InlineData("""{"type":"rec"}""")]
    [InlineData("{")]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("""{"type":"record","name":"R","fields":[{"name":"a","type":"int","default":"x"}]}""")]
    [InlineData("""{"type":"record","name":"R","fields":[{"name":"a","type":["int","null"],"default":null}]}""")]
    [InlineData("""{"type":"enum","name":"E","symbols":["A"],"default":"B"}""")]
    public async Task An_invalid_schema_is_refused(string schema) =>
        await ExpectAsync(422, 42201, HttpMethod.Post, "/subjects/s/versions", Body(schema));

    [Fact]
    public async Task Every_error_has_a_code_and_a_message()
    {
        await ExpectAsync(404, 404, HttpMethod.Get, "/no/such/route");
        await ExpectAsync(405, 405, HttpMethod.Delete, "/subjects");
        await ExpectAsync(404, 40403, HttpMethod.Get, "/schemas/ids/99");
        await ExpectAsync(400, 400, HttpMethod.Post, "/subjects/s/versions", JsonValue.Create("text"));
        await ExpectAsync(422, 42203, HttpMethod.Put, "/config", new JsonObject { ["compatibility"] = "SOME" });
        await ExpectAsync(422, 42201, HttpMethod.Post, "/subjects/s/versions",
            new JsonObject { ["schema"] = "{}", ["schemaType"] = "PROTOBUF" });
    }

    [Fact]
    public async Task Clients_that_look_for_associations_find_none() =>
        Assert.Equal("[]",
            await TextAsync("/associations/resources/-/store.checkouts?resourceType=topic&associationType=value"));

    [Fact]
    public async Task Ids_and_levels_are_the_same_after_a_restart_and_a_torn_last_line_is_cut_off()
    {
        var file = Path.GetTempFileName();
        await _registry.DisposeAsync();
        _registry = await DevelopmentRegistry.StartAsync(0, file);
        await RegisterAsync("s1", One);
        await RegisterAsync("s2", Other);
        await SendAsync(HttpMethod.Put, "/config/s1", new JsonObject { ["compatibility"] = "NONE" });
        await _registry.DisposeAsync();
        await File.AppendAllTextAsync(file, """{"Subject":"s3","Ver""", TestContext.Current.CancellationToken);

        _registry = await DevelopmentRegistry.StartAsync(0, file);
        Assert.Equal("""["s1","s2"]""", await TextAsync("/subjects"));
        Assert.Equal(2, (int)(await RegisterAsync("s2", Other))["id"]!);
        Assert.Equal(3, (int)(await RegisterAsync("s3", Two))["id"]!);
        Assert.Equal("NONE", (string)(await JsonAsync("/config/s1"))["compatibilityLevel"]!);
        await _registry.DisposeAsync();

        _registry = await DevelopmentRegistry.StartAsync(0, file);
        Assert.Equal(Two, (string)(await JsonAsync("/schemas/ids/3"))["schema"]!);
        File.Delete(file);
    }

    [Fact]
    public async Task Many_at_once_get_one_id_a_schema()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 40)
            .Select(n => RegisterAsync($"s{n % 4}", n % 2 == 0 ? One : Other)));
        Assert.Equal(2, answers.Select(answer => (int)answer["id"]!).Distinct().Count());
    }

    private static JsonObject Body(string schema) =>
        new()
        {
            ["schema"] = schema,
            ["schemaType"] = "AVRO",
            ["references"] = new JsonArray(),
            ["metadata"] = null,
            ["ruleSet"] = null
        };

    private async Task<JsonObject> RegisterAsync(string subject, string schema)
    {
        var (status, body) = await SendAsync(HttpMethod.Post, $"/subjects/{subject}/versions?normalize=False",
            Body(schema));
        Assert.True(status == 200, body.ToJsonString());
        return body.AsObject();
    }

    private async Task<string> ExpectAsync(int status, int code, HttpMethod method, string path, JsonNode? body = null)
    {
        var answer = await SendAsync(method, path, body);
        Assert.Equal((status, code), (answer.Status, (int)answer.Body["error_code"]!));
        return (string)answer.Body["message"]!;
    }

    private async Task<(int Status, JsonNode Body)> SendAsync(HttpMethod method, string path, JsonNode? body = null)
    {
        using var request = new HttpRequestMessage(method, _registry.Url + path);
        if (body is not null) request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8,
            "application/vnd.schemaregistry.v1+json");
        using var answer = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal("application/vnd.schemaregistry.v1+json", answer.Content.Headers.ContentType?.MediaType);
        return ((int)answer.StatusCode,
            JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!);
    }

    private Task<string> TextAsync(string path) =>
        _http.GetStringAsync(new Uri(_registry.Url + path), TestContext.Current.CancellationToken);

    private async Task<JsonObject> JsonAsync(string path)
    {
        var (status, body) = await SendAsync(HttpMethod.Get, path);
        Assert.Equal((int)HttpStatusCode.OK, status);
        return body.AsObject();
    }
}
