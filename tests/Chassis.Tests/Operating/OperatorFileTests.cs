using System.Text;
using Checkout.Chassis.Entrance;
using Checkout.Chassis.Operating;
using Checkout.Fixtures;
using Xunit;

namespace Checkout.Chassis.Tests.Operating;

public sealed class OperatorFileTests
{
    private sealed record Line(string Name, long Number);

    [Fact]
    public void Entries_are_read_in_their_order() =>
        Assert.Equal([new Line("anna", 1), new("ben", -2)],
            Read("""[{"name": "anna", "number": 1}, {"number": -2, "name": "ben"}]"""));

    [Theory]
    [InlineData("""{"name": "", "number": 1}""", "name is empty")]
    [InlineData("""{"name": "a b", "number": 1}""", "name has U+0020")]
    [InlineData("""{"name": "a\nb", "number": 1}""", "name has U+000A")]
    [InlineData("""{"name": "a\u0000b", "number": 1}""", "name has U+0000")]
    [InlineData("""{"name": "a\u0001", "number": 1}""", "name has U+0001")]
    [InlineData("""{"name": "a\u007f", "number": 1}""", "name has U+007F")]
    [InlineData("""{"name": "a\ud800", "number": 1}""", "name is not Unicode")]
    [InlineData("""{"name": "a", "number": 9007199254740992}""", "number is 9007199254740992;")]
    [InlineData("""{"name": "a", "number": 9223372036854775808}""", "number is 9223372036854775808;")]
    [InlineData("""{"name": "a", "number": 1.5}""", "number is 1.5;")]
    [InlineData("""{"name": "a", "number": 1e3}""", "number is 1e3;")]
    [InlineData("""{"name": "a", "number": "1"}""", "number is a text")]
    [InlineData("""{"name": "a", "number": null}""", "number is null")]
    [InlineData("""{"name": null, "number": 1}""", "name is null")]
    [InlineData("""{"name": true, "number": 1}""", "name is true")]
    [InlineData("""{"name": "a"}""", "number is missing")]
    [InlineData("""{"Name": "a", "number": 1}""", "Name is no field")]
    [InlineData("""{"name": "a", "number": 1, "why": ""}""", "why is no field")]
    [InlineData("""{"name": "a", "number": 1, "number": 2}""", "number stands there twice")]
    [InlineData("null", "It is null")]
    [InlineData("[]", "It is an array")]
    [InlineData("7", "It is a number")]
    public void What_is_wrong_in_an_entry_is_told_by_its_line_and_field(string entry, string said)
    {
        var sentence = Fault($"[\n{{\"name\": \"a\", \"number\": 1}},\n\n  {entry}\n]");
        Assert.StartsWith($"Line 4, entry 2: {said}", sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Five_hundred_characters_are_told_by_their_number_alone() =>
        Assert.StartsWith("Line 1, entry 1: name has 500 characters;",
            Fault($$"""[{"name": "{{new string('a', 500)}}", "number": 1}]"""), StringComparison.Ordinal);

    [Fact]
    public void All_entries_are_judged_at_once_and_the_first_twenty_faults_are_said()
    {
        var entries = string.Join(",\n", Enumerable.Repeat("""{"name": "a b", "number": 0}""", 12));
        var lines = Fault($"[{entries}]").Split('\n');
        Assert.Equal(21, lines.Length);
        Assert.StartsWith("Line 10, entry 10: number is 0;", lines[19], StringComparison.Ordinal);
        Assert.Equal("And 4 more.", lines[20]);
    }

    [Theory]
    [InlineData("", "not JSON at line 1")]
    [InlineData("null", "It holds null; give an array")]
    [InlineData("{\"name\": \"a\"}", "It holds an object; give an array")]
    [InlineData("[\n{\"name\": \"a\", \"number\": 1},\n]", "not JSON at line 3, byte 1")]
    [InlineData("[\n{\"name\": \"a\" \"number\": 1}]", "not JSON at line 2, byte 14")]
    [InlineData("[] []", "not JSON at line 1, byte 4")]
    [InlineData("[{\"name\": \"a\u0000\"}]", "not JSON at line 1")]
    [InlineData("\u0000", "not JSON at line 1, byte 1")]
    [InlineData("customerId;coins\na;1", "not JSON at line 1, byte 1")]
    public void What_is_no_array_of_objects_is_told_the_place(string text, string said) =>
        Assert.Contains(said, Fault(text), StringComparison.Ordinal);

    [Fact]
    public void Ten_thousand_levels_are_told_the_place() =>
        Assert.Contains("not JSON at line 1", Fault(new string('[', 10_000)), StringComparison.Ordinal);

    [Fact]
    public async Task A_file_is_utf8_with_or_without_a_mark_and_nothing_else()
    {
        using var folder = new TestFolder("operator-file");
        var file = new FileInfo(folder["file.json"]);
        await File.WriteAllBytesAsync(file.FullName, [.. Encoding.UTF8.Preamble, .. "[\"\u00e4\"]"u8]);
        Assert.Equal("[\"\u00e4\"]", await OperatorFile.TextAsync(file, default));
        await File.WriteAllBytesAsync(file.FullName, Encoding.Latin1.GetBytes("[\"\u00e4\"]"));
        Assert.Contains("not UTF-8: it has byte E4", (await Assert.ThrowsAsync<FormatException>(() =>
            OperatorFile.TextAsync(file, default))).Message, StringComparison.Ordinal);
    }

    private static string Fault(string text) => Assert.Throws<FormatException>(() => Read(text)).Message;

    private static IReadOnlyList<Line> Read(string text) => OperatorFile.Read<Line>(text, line =>
        [OpaqueId.Problem("name", line.Name), ExactNumber.Problem("number", line.Number, least: -2)
            ?? (line.Number == 0 ? "number is 0; give another." : null)]);
}
