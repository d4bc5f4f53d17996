using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using Checkout.Balance;
using Checkout.Chassis.Edge;
using Checkout.Inventory;
using Checkout.Store;
using Xunit;

namespace Checkout.Services.Tests;

/// <summary>The catalogue of what a client can be told of, its pages, and the API's table: they say the same.</summary>
public sealed partial class ProblemTypesTests
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(Folder(), "..", ".."));

    private static readonly Assembly[] Assemblies =
        [typeof(ProblemType).Assembly, typeof(StoreProblems).Assembly, typeof(BalanceApi).Assembly,
            typeof(InventoryApi).Assembly];

    private static readonly List<ProblemType> Catalogue = [.. Assemblies.SelectMany(ProblemType.In)];

    [GeneratedRegex(@"```json\n(?<json>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();

    /// <summary>A slug in a row of the table, with its status.</summary>
    [GeneratedRegex(@"^\| (?<status>\d{3}) \| \[(?<slug>[a-z-]+)\]\(problems/\k<slug>\.md\) \| ",
        RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"\bResults\.(Problem|ValidationProblem|BadRequest|NotFound|Unauthorized|Conflict|"
        + @"UnprocessableEntity|InternalServerError)\b|new (ProblemDetails|BadHttpRequestException)\b")]
    private static partial Regex WithoutAType();

    /// <summary>An answer of a type, up to the next one or the end of the statement.</summary>
    [GeneratedRegex(@"(StoreProblems|ProblemTypes)\.(?<type>\w+)\.With\((?<said>(?:(?!\.With\()[^;])*)")]
    private static partial Regex Answered();

    [GeneratedRegex(@"\(""(?<member>[a-z]\w*)"", ")]
    private static partial Regex Member();

    public static TheoryData<ProblemType> Types => [.. Catalogue];

    [Fact]
    public void A_slug_is_of_one_type_and_has_its_class_in_the_status()
    {
        Assert.Equal(Catalogue.Count, Catalogue.Select(type => type.Slug).Distinct().Count());
        Assert.All(Catalogue, type => Assert.Matches("^[a-z]+(-[a-z]+)*$", type.Slug));
        Assert.All(Catalogue, type => Assert.InRange(type.Status, 400, 599));
        Assert.All(Catalogue, type => Assert.NotEmpty(type.Title));
    }

    [Theory]
    [MemberData(nameof(Types), DisableDiscoveryEnumeration = true)]
    public void Each_has_a_page_with_what_it_means_what_the_client_does_and_an_example(ProblemType type)
    {
        var page = File.ReadAllText(Path.Combine(Root, "docs", "problems", $"{type.Slug}.md"));
        Assert.StartsWith($"# {type.Title}\n\n`{type.Uri}`, status {type.Status}.\n", page, StringComparison.Ordinal);
        Assert.Contains("**What it means.** ", page, StringComparison.Ordinal);
        Assert.Contains("**What the client does.** ", page, StringComparison.Ordinal);
        var example = JsonDocument.Parse(Example().Match(page).Groups["json"].Value).RootElement;
        Assert.Equal((type.Uri, type.Title, type.Status), (example.GetProperty("type").GetString(),
            example.GetProperty("title").GetString(), example.GetProperty("status").GetInt32()));
        Assert.NotEmpty(example.GetProperty("detail").GetString()!);
        Assert.NotEmpty(example.GetProperty("traceId").GetString()!);
    }

    [Fact]
    public void No_page_and_no_row_is_of_a_type_that_nobody_answers_with()
    {
        var pages = Directory.EnumerateFiles(Path.Combine(Root, "docs", "problems"))
            .Select(path => Path.GetFileNameWithoutExtension(path)).Where(name => name != "README");
        Assert.Equal(Catalogue.Select(type => type.Slug).Order(), pages.Order());
        Assert.Equal(Catalogue.Select(type => (type.Status, type.Slug)).Order(),
            Row().Matches(File.ReadAllText(Path.Combine(Root, "docs", "api.md")))
                .Select(row => (int.Parse(row.Groups["status"].Value), row.Groups["slug"].Value)).Order());
    }

    /// <summary>So the documents have it.</summary>
    [Fact]
    public void What_an_answer_says_beside_is_said_by_its_type()
    {
        var said = (from path in Sources()
                    from Match answer in Answered().Matches(File.ReadAllText(path))
                    from Match member in Member().Matches(answer.Groups["said"].Value)
                    select (Type: answer.Groups["type"].Value, Member: member.Groups["member"].Value)).ToList();
        Assert.NotEmpty(said);
        Assert.All(said, s => Assert.Contains(s.Member,
            TypeOf(s.Type).Members?.GetProperties().Select(p => JsonNamingPolicy.CamelCase.ConvertName(p.Name)) ?? []));
    }

    [Fact]
    public void Nothing_is_answered_without_a_type()
    {
        var sources = Sources().Where(path => Path.GetFileName(path) != $"{nameof(ProblemType)}.cs").ToList();
        Assert.True(sources.Count > 100, $"{sources.Count} files");
        Assert.Empty(from path in sources
                     from line in File.ReadLines(path)
                     where WithoutAType().IsMatch(line)
                     select $"{Path.GetRelativePath(Root, path)}: {line.Trim()}; take a {nameof(ProblemType)}");
    }

    private static ProblemType TypeOf(string field) =>
        (ProblemType)new[] { typeof(StoreProblems), typeof(ProblemTypes) }
            .Select(type => type.GetField(field)).OfType<FieldInfo>().Single().GetValue(null)!;

    private static IEnumerable<string> Sources() => Directory
        .EnumerateFiles(Path.Combine(Root, "services"), "*.cs", SearchOption.AllDirectories)
        .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}"));

    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
