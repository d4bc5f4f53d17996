using Checkout.Registry;
using Xunit;

namespace Checkout.Deploy.Tests.Registry;

public sealed class SchemaCompatibilityTests
{
    private const string Enum2 = """{"type":"enum","name":"E","symbols":["A","B"]}""";
    private const string Enum2WithDefault = """{"type":"enum","name":"E","symbols":["A","B"],"default":"A"}""";
    private const string Enum3 = """{"type":"enum","name":"E","symbols":["A","B","C"]}""";
    private const string Millis = """{"type":"long","logicalType":"timestamp-millis"}""";

    [Theory]
    [InlineData("""[{"name":"a","type":"int"},{"name":"b","type":"int","default":1}]""",
        """[{"name":"a","type":"int"}]""", true)]
    [InlineData("""[{"name":"a","type":"int"},{"name":"b","type":["null","int"],"default":null}]""",
        """[{"name":"a","type":"int"}]""", true)]
    [InlineData("""[{"name":"a","type":"int"},{"name":"b","type":"int"}]""", """[{"name":"a","type":"int"}]""", false)]
    [InlineData("""[{"name":"a","type":"int"}]""", """[{"name":"a","type":"int"},{"name":"b","type":"int"}]""", true)]
    [InlineData("""[{"name":"x","aliases":["a"],"type":"int"}]""", """[{"name":"a","type":"int"}]""", true)]
    [InlineData("""[{"name":"a","type":"long"}]""", """[{"name":"a","type":"int"}]""", true)]
    [InlineData("""[{"name":"a","type":"int"}]""", """[{"name":"a","type":"long"}]""", false)]
    [InlineData("""[{"name":"next","type":["null","R"]}]""", """[{"name":"next","type":["null","R"]}]""", true)]
    [InlineData("""[{"name":"next","type":["null","R"]},{"name":"v","type":"int"}]""",
        """[{"name":"next","type":["null","R"]}]""", false)]
    public void Records(string readerFields, string writerFields, bool reads) =>
        Check(Record(readerFields), Record(writerFields), reads);

    [Theory]
    [InlineData(Enum3, Enum2, true)]
    [InlineData(Enum2, Enum3, false)]
    [InlineData(Enum2WithDefault, Enum3, true)]
    [InlineData("\"double\"", "\"int\"", true)]
    [InlineData("\"string\"", "\"bytes\"", true)]
    [InlineData("\"string\"", "\"int\"", false)]
    [InlineData("[\"null\",\"int\"]", "\"int\"", true)]
    [InlineData("\"int\"", "[\"null\",\"int\"]", false)]
    [InlineData("[\"null\",\"int\"]", "[\"null\",\"int\",\"string\"]", false)]
    [InlineData("[\"null\",\"long\"]", "[\"int\",\"null\"]", true)]
    [InlineData("""{"type":"array","items":"long"}""", """{"type":"array","items":"int"}""", true)]
    [InlineData("""{"type":"map","values":"int"}""", """{"type":"map","values":"string"}""", false)]
    [InlineData("""{"type":"fixed","name":"F","size":4}""", """{"type":"fixed","name":"F","size":8}""", false)]
    [InlineData(Millis, "\"long\"", true)]
    [InlineData("\"long\"", Millis, true)]
    [InlineData("""{"type":"record","name":"A","fields":[]}""", """{"type":"record","name":"B","fields":[]}""", false)]
    public void Other_types(string reader, string writer, bool reads) => Check(reader, writer, reads);

    [Fact]
    public void A_problem_names_its_place()
    {
        const string reader =
            """
            [{"name":"lines","type":{"type":"array","items":
              {"type":"record","name":"Line","fields":[{"name":"count","type":"int"}]}}}]
            """;
        var writer = reader.Replace("int", "string", StringComparison.Ordinal);
        Assert.Equal(["/lines[]/count: int does not read string"], Problems(Record(reader), Record(writer)));
    }

    private static string Record(string fields) => """{"type":"record","name":"R","fields":""" + fields + "}";

    private static void Check(string reader, string writer, bool reads) =>
        Assert.Equal(reads, Problems(reader, writer).Count == 0);

    private static List<string> Problems(string reader, string writer) =>
        SchemaCompatibility.Problems(SchemaText.Parse(reader).Parsed, SchemaText.Parse(writer).Parsed);
}
