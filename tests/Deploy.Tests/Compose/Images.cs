using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Checkout.Deploy.Tests.Compose;

/// <summary>deploy/Dockerfile and the projects that it builds.</summary>
internal static partial class Images
{
    public static readonly string Dockerfile = ComposeFile.Text("deploy/Dockerfile").Replace("\\\n", "",
        StringComparison.Ordinal);

    /// <summary>What is copied from the context, in order, with where it goes.</summary>
    public static IEnumerable<(string[] From, string To)> Copies => Dockerfile.Split('\n')
        .Where(line => line.StartsWith("COPY ", StringComparison.Ordinal) && !line.Contains("--from"))
        .Select(line => line.Split(' ')[1..]).Select(words => (words[..^1], words[^1]));

    /// <summary>For everybody, and for operators.</summary>
    public static (int Public, int Management) ExposedPorts() => Exposed().Match(Dockerfile) is var ports
        ? (Number(ports.Groups[1]), Number(ports.Groups[2])) : default;

    /// <summary>Stage and entry point of each image.</summary>
    public static Dictionary<string, string> EntryPoints() =>
        Stage().Matches(Dockerfile).ToDictionary(m => m.Groups[1].Value, m => m.Groups[2].Value);

    /// <summary>The project files that a project is made of, by their paths below the root.</summary>
    public static IReadOnlySet<string> Closure(string project)
    {
        var all = new SortedSet<string>();
        Add(project);
        return all;

        void Add(string one)
        {
            if (!all.Add(one)) return;
            var path = Path.Combine(ComposeFile.Root, one);
            foreach (var reference in XDocument.Load(path).Descendants("ProjectReference"))
                Add(Path.GetRelativePath(ComposeFile.Root, Path.GetFullPath(
                    Path.Combine(Path.GetDirectoryName(path)!, reference.Attribute("Include")!.Value))));
        }
    }

    private static int Number(Group group) => int.Parse(group.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^EXPOSE (\d+) (\d+)$", RegexOptions.Multiline)]
    private static partial Regex Exposed();

    [GeneratedRegex(@"^FROM process AS (\w+)\nCOPY .*\nENTRYPOINT \[""dotnet"", ""(.+)""\]$", RegexOptions.Multiline)]
    private static partial Regex Stage();
}
