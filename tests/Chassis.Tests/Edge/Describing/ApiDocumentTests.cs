using System.Text.Json.Nodes;
using Checkout.Chassis.Edge;
using Checkout.Chassis.Edge.Describing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Xunit;

namespace Checkout.Chassis.Tests.Edge.Describing;

public sealed class ApiDocumentTests
{
    private static readonly ApiInfo Info = new("Tests", "For tests.", ("things", "What is tested."));

    private sealed record Wanted(
        [property: Field("What.", Pattern = "^[a-z]+$", MaxLength = 5, Example = "abc")] string Name,
        [property: Field("How many.", Most = 9)] long? Count);

    private sealed record ThingView(
        [property: Field("What.", Example = "abc")] string Name,
        [property: Field("Since when; null where it is not known.")] DateTime? Since,
        [property: Field("Its parts.")] IReadOnlyList<PartAnswer> Parts,
        [property: Field("Its first part; null where it has none.")] PartAnswer? First);

    private sealed record PartAnswer([property: Field("What.", Example = "part")] string Name);

    private sealed record Untold(string Name);

    [Fact]
    public void A_request_has_no_field_more_and_leaves_out_what_may_be_null()
    {
        var document = Document(app => app.MapPost("/things", () => "").Describe(Post(typeof(Wanted))));
        var schema = document["components"]!["schemas"]!["Wanted"]!;
        Assert.Equal("""["name"]""", schema["required"]!.ToJsonString());
        Assert.False((bool)schema["additionalProperties"]!);
        Assert.Equal("""
            {"type":"string","description":"What.","pattern":"^[a-z]\u002B$","maxLength":5,"examples":["abc"]}
            """, schema["properties"]!["name"]!.ToJsonString());
        Assert.Equal("""{"type":"integer","format":"int64","description":"How many.","minimum":0,"maximum":9}""",
            schema["properties"]!["count"]!.ToJsonString());
    }

    [Fact]
    public void An_answer_has_all_its_fields_and_some_of_them_may_be_null()
    {
        var document = Document(app => app.MapGet("/things", () => "").Describe(Get));
        var schema = document["components"]!["schemas"]!["Thing"]!;
        Assert.Equal("""["name","since","parts","first"]""", schema["required"]!.ToJsonString());
        Assert.Null(schema["additionalProperties"]);
        Assert.Equal("""["string","null"]""", schema["properties"]!["since"]!["type"]!.ToJsonString());
        Assert.Equal("#/components/schemas/Part", (string)schema["properties"]!["parts"]!["items"]!["$ref"]!);
        Assert.Equal("""[{"$ref":"#/components/schemas/Part"},{"type":"null"}]""",
            schema["properties"]!["first"]!["anyOf"]!.ToJsonString());
    }

    [Fact]
    public void What_needs_no_token_says_so_and_is_refused_for_none()
    {
        var paths = Document(app =>
        {
            app.MapRead("/open/{id:guid}", () => "").AllowAnonymous().Describe(Get);
            app.MapRead("/closed", () => "").Describe(Get with { Id = "closed" });
            app.MapRead("/untold", () => "");
        })["paths"]!.AsObject();
        Assert.Equal(["/closed", "/open/{id}"], paths.Select(path => path.Key));
        var (open, closed) = (paths["/open/{id}"]!["get"]!, paths["/closed"]!["get"]!);
        Assert.Equal("[]", open["security"]!.ToJsonString());
        Assert.Null(open["responses"]!["401"]);
        Assert.Null(closed["security"]);
        Assert.NotNull(closed["responses"]!["401"]!["headers"]!["WWW-Authenticate"]);
    }

    [Fact]
    public void A_problem_that_has_members_of_its_own_has_them_in_its_schema_and_example()
    {
        var gone = new ProblemType("thing-gone", 410, "Thing gone") { Members = typeof(ThingView) };
        var answer = Document(app => app.MapGet("/things", () => "").Describe(Get with { Problems = [gone] }))
            ["paths"]!["/things"]!["get"]!["responses"]!["410"]!["content"]!["application/problem+json"]!;
        Assert.Equal(2, answer["schema"]!["allOf"]!.AsArray().Count);
        var example = answer["examples"]!["thing-gone"]!["value"]!;
        Assert.Equal((gone.Uri, "abc"), ((string)example["type"]!, (string)example["name"]!));
    }

    [Fact]
    public void A_field_without_a_word_is_a_fault_that_names_it() =>
        Assert.StartsWith("Untold.name has no FieldAttribute", Assert.Throws<InvalidOperationException>(() =>
            Document(app => app.MapPost("/things", () => "").Describe(Post(typeof(Untold))))).Message,
            StringComparison.Ordinal);

    private static readonly Operation Get = new("get", "things", "Get", "Gets.")
    {
        Answers = [new(200, "It.", typeof(ThingView))],
    };

    private static Operation Post(Type body) => new("post", "things", "Post", "Posts.")
    {
        Body = body,
        Answers = [new(204, "Done.", null)],
    };

    private static JsonNode Document(Action<WebApplication> map)
    {
        var app = WebApplication.CreateBuilder().Build();
        map(app);
        return JsonNode.Parse(ApiDocument.Of(Info, ((IEndpointRouteBuilder)app).DataSources
            .SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()))!;
    }
}
