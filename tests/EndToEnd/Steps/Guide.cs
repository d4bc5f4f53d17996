using System.Text.RegularExpressions;

namespace Checkout.EndToEnd.Steps;

/// <summary>Something that docs/adding-a-step.md says to do to a file.</summary>
/// <param name="Anchor">The line that it is put below or above; null for a new file.</param>
internal sealed record Edit(string File, bool Above, string? Anchor, string Text)
{
    public void ApplyTo(string root)
    {
        var path = Path.Combine(root, File);
        if (Anchor is null)
        {
            if (System.IO.File.Exists(path)) throw new InvalidOperationException($"{File} is there already.");
            System.IO.File.WriteAllText(path, Text);
            return;
        }
        var before = System.IO.File.ReadAllText(path);
        if (before.Split(Anchor).Length != 2)
            throw new InvalidOperationException($"{File} does not have this once:\n{Anchor}");
        System.IO.File.WriteAllText(path,
            before.Replace(Anchor, Above ? Text + Anchor : Anchor + Text, StringComparison.Ordinal));
    }
}

/// <summary>The guide, read as a program reads it.</summary>
internal static partial class Guide
{
    public static IReadOnlyList<Edit> EditsOf(string markdown) =>
        Edits().Matches(markdown).Select(match => match.Groups["new"].Success
        ? new Edit(match.Groups["new"].Value, Above: false, Anchor: null, match.Groups["text"].Value)
        : new Edit(match.Groups["file"].Value, match.Groups["where"].Value == "above", match.Groups["anchor"].Value,
            match.Groups["added"].Value)).ToList();

    [GeneratedRegex(
        @"^New file `(?<new>[^`]+)`:\n\n```\w*\n(?<text>.*?)^```"
        + @"|^In `(?<file>[^`]+)`, (?<where>below|above)\n\n```\w*\n(?<anchor>.*?)^```"
        + @"\n\nput\n\n```\w*\n(?<added>.*?)^```",
        RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Edits();
}
