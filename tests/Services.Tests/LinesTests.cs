using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Xunit;

namespace Checkout.Services.Tests;

/// <summary>What is written by hand is read beside something else: 120 columns, in prose and comments too.</summary>
public sealed partial class LinesTests
{
    private const int MaxColumns = 120;

    private static readonly string Root = Path.GetFullPath(Path.Combine(Folder(), "..", ".."));

    private static readonly string[] Kinds =
        [".cs", ".md", ".sql", ".csproj", ".props", ".yml", ".mjs", ".editorconfig", ".html"];

    /// <summary>Made by programs, or released and so never changed again.</summary>
    [GeneratedRegex(@"/(obj|bin|node_modules|TestResults|\.local|\.git)/|/Upgrades/first/|/Migrations/0\d01_\w+\.sql$")]
    private static partial Regex NotByHand();

    /// <summary>A table's row, a link alone on its line, one word such as a key, a text in JSON.</summary>
    [GeneratedRegex(@"^\s*(\||\S+$|[-*>] \S+$|\[[^\]]+\]: \S+$|""doc"": "")")]
    private static partial Regex CannotBeWrapped();

    [Fact]
    public void No_line_is_wider_than_120_columns()
    {
        var files = Directory.EnumerateFiles(Root, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Root, path).Replace('\\', '/'))
            .Where(path => Kinds.Contains(Path.GetExtension(path)) && !NotByHand().IsMatch("/" + path)).ToList();
        Assert.True(files.Count > 300, $"{files.Count} files");
        Assert.Empty(from path in files
                     from line in File.ReadLines(Path.Combine(Root, path))
                         .Select((text, i) => (Text: text, Number: i + 1))
                     where line.Text.Length > MaxColumns && !CannotBeWrapped().IsMatch(line.Text)
                     select $"{path}:{line.Number} has {line.Text.Length} columns");
    }

    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
