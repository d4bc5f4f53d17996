using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Checkout.Balance;
using Checkout.Chassis.Edge;
using Checkout.Inventory;
using Checkout.Store;
using Xunit;

namespace Checkout.Services.Tests;

/// <summary>The OpenAPI documents in contracts/ are those of the code.</summary>
public sealed partial class ApiDocumentTests
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(Folder(), "..", ".."));

    /// <summary>bin/Debug/net10.0, as of this program.</summary>
    private static readonly string Built = Path.Combine([.. AppContext.BaseDirectory
        .TrimEnd(Path.DirectorySeparatorChar).Split(Path.DirectorySeparatorChar).TakeLast(3)]);

    public static readonly TheoryData<string> Services = ["Store", "Balance", "Inventory", "Observer"];

    [GeneratedRegex(@"\bMap(Read|Get|Post|Put|Delete|Methods)\([^;]*;")]
    private static partial Regex Endpoint();

    [Theory]
    [MemberData(nameof(Services))]
    public void The_document_is_the_one_of_this_build(string service)
    {
        var file = $"contracts/openapi/{service.ToLowerInvariant()}.json";
        var built = File.ReadAllText(Path.Combine(Root, "services", service, Built, "openapi.json"));
        var path = Path.Combine(Root, file);
        // A service of ASP.NET is run in its own folder.
        var renew = $"dotnet run --project services/{service} -- openapi ../../{file}";
        Assert.True(File.Exists(path) && File.ReadAllText(path) == built,
            $"{file} is not what the code says. Look at the difference that this makes, and commit it: {renew}");
    }

    [Theory]
    [MemberData(nameof(Services))]
    public void Every_endpoint_is_described_or_said_to_be_for_nobody(string service)
    {
        var endpoints = Directory.EnumerateFiles(Path.Combine(Root, "services", service), "*.cs",
                SearchOption.AllDirectories)
            .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}"))
            .SelectMany(path => Endpoint().Matches(File.ReadAllText(path))).Select(match => match.Value).ToList();
        Assert.NotEmpty(endpoints);
        Assert.All(endpoints, endpoint => Assert.True(endpoint.Contains(".Describe(", StringComparison.Ordinal)
            || endpoint.Contains(".ExcludeFromDescription()", StringComparison.Ordinal),
            $"{endpoint} Say .Describe(...) what clients need to know, or .ExcludeFromDescription()."));
    }

    [Theory]
    [MemberData(nameof(Services))]
    public void Every_operation_has_its_words_and_its_errors_are_problem_types_with_a_page(string service)
    {
        var catalogue = new[] { typeof(ProblemType), typeof(StoreProblems), typeof(BalanceApi), typeof(InventoryApi) }
            .SelectMany(type => ProblemType.In(type.Assembly)).ToDictionary(type => type.Uri);
        var operations = Operations(service).ToList();
        Assert.NotEmpty(operations);
        foreach (var operation in operations)
        {
            Assert.All(["operationId", "summary", "description", "tags"], word => Assert.NotNull(operation[word]));
            foreach (var (status, answer) in operation["responses"]!.AsObject().Where(a => a.Key[0] is '4' or '5'))
            {
                var examples = answer!["content"]!["application/problem+json"]!["examples"]!.AsObject();
                Assert.NotEmpty(examples);
                Assert.All(examples, example => Assert.Equal(status,
                    $"{catalogue[(string)example.Value!["value"]!["type"]!].Status}"));
            }
        }
    }

    private static IEnumerable<JsonNode> Operations(string service) =>
        from path in JsonNode.Parse(File.ReadAllText(Path.Combine(Root, "contracts", "openapi",
            $"{service.ToLowerInvariant()}.json")))!["paths"]!.AsObject()
        from operation in path.Value!.AsObject()
        select operation.Value!;

    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
