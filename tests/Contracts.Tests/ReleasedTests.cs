using System.Text.Json.Nodes;
using Avro;
using Avro.IO;
using Avro.Specific;

namespace Checkout.Contracts.Tests;

/// <summary>History: what was released stays as it was, and is readable for ever.</summary>
public sealed class ReleasedTests
{
    public static IEnumerable<TheoryDataRow<string>> Names => ContractFiles.Names;

    public static IEnumerable<TheoryDataRow<string, int>> Versions =>
        ContractFiles.Released.SelectMany(group => group)
            .Select(version => new TheoryDataRow<string, int>(version.Fullname, version.Number));

    [Theory]
    [MemberData(nameof(Names))]
    public void A_schema_is_its_newest_released_version(string name)
    {
        var newest = ContractFiles.Released[name].LastOrDefault();
        Assert.True(
            newest is not null && ContractFiles.SameJson(ContractFiles.Current[name], newest.Text),
            $"{name} differs from its newest released version. To release it, run: dotnet run --project "
                + "contracts/Generator -- release contracts. Never edit a version that exists.");
    }

    [Fact]
    public void No_event_that_was_ever_released_is_gone() =>
        Assert.Empty(ContractFiles.Released.Select(group => group.Key).Except(ContractFiles.Current.Keys));

    [Theory]
    [MemberData(nameof(Names))]
    public void Versions_are_numbered_from_one_without_a_gap(string name) =>
        Assert.Equal(Enumerable.Range(1, ContractFiles.Released[name].Count()),
            ContractFiles.Released[name].Select(version => version.Number));

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_version_reads_every_other(string name)
    {
        Schema[] all = [.. ContractFiles.Released[name].Select(version => version.Schema),
            Schema.Parse(ContractFiles.Current[name])];
        var problems = from one in all
                       from other in all
                       from problem in Compatibility.MutualProblems(one,
            other)
                       select problem;
        Assert.Empty(problems.Distinct());
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void The_sample_of_a_released_version_is_read_by_todays_type(string name, int number)
    {
        var version = ContractFiles.Released[name].Single(each => each.Number == number);
        var sample = JsonNode.Parse(File.ReadAllText(version.SampleFile))!;
        var bytes = Convert.FromHexString((string)sample["singleObject"]!);

        // The header names the schema: a released version that is edited no longer is the one its bytes were written
        // with.
        Assert.Equal([0xC3, 0x01, .. SchemaNormalization.ParsingFingerprint("CRC-64-AVRO", version.Schema)],
            bytes[..10]);
        using var body = new MemoryStream(bytes[10..]);
        var current = Generated.New(name);
        var read = new SpecificDatumReader<ISpecificRecord>(version.Schema, current.Schema)
            .Read(null!, new BinaryDecoder(body));

        Assert.Equal(body.Length, body.Position);
        Assert.IsType(current.GetType(), read);
        foreach (var field in ((RecordSchema)read.Schema).Fields.Where(field => version.Schema.Contains(field.Name)))
            Assert.Equal(Expected(field.Schema, sample["fields"]![field.Name]!),
                InWords(field.Schema, read.Get(field.Pos)));
    }

    /// <summary>A symbol that today's enum no longer has is read as its default.</summary>
    private static string Expected(Schema schema, JsonNode said) =>
        schema is EnumSchema symbols && !symbols.Contains(said.ToString()) ? symbols.Default : said.ToString();

    private static string InWords(Schema schema, object value) => (schema, value) switch
    {
        (LogicalSchema { LogicalTypeName: "date" }, DateTime day) => day.ToString("yyyy-MM-dd"),
        (_, DateTime instant) => instant.ToString("O"),
        (_, bool flag) => flag ? "true" : "false",
        _ => value.ToString()!,
    };
}
