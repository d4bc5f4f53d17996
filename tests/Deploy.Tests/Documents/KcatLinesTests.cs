using System.Text.RegularExpressions;
using Checkout.Deploy.Tests.Compose;
using Xunit;

namespace Checkout.Deploy.Tests.Documents;

/// <summary>
/// What is written down to be typed is typed, and run from scripts too: without -C and without a terminal kcat writes
/// what comes on its input, and a topic keeps everything.
/// </summary>
public sealed partial class KcatLinesTests
{
    [Fact]
    public void Every_line_with_kcat_says_that_it_reads()
    {
        var documents = Directory.EnumerateFiles(ComposeFile.Root, "*.md")
            .Concat(Directory.EnumerateFiles(Path.Combine(ComposeFile.Root, "docs"), "*.md",
                SearchOption.AllDirectories)).ToList();
        Assert.Contains(documents, path => path.EndsWith("README.md", StringComparison.Ordinal));
        var lines = documents.SelectMany(File.ReadLines).Where(line => Called().IsMatch(line)).ToList();
        Assert.NotEmpty(lines);
        Assert.All(lines, line => Assert.Matches(@"kcat -C\b", line));
    }

    [GeneratedRegex(@"kcat (?=-)")]
    private static partial Regex Called();
}
