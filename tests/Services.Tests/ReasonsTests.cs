using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using avatarstore;
using Xunit;

namespace Checkout.Services.Tests;

/// <summary>Clients decide by the reasons: each is documented, with what becomes of the coins.</summary>
public sealed partial class ReasonsTests
{
    [GeneratedRegex(@"^\| `(?<reason>[A-Z_]+)` \| [^|]{10,} \| [^|]{10,} \| [^|]{5,} \|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [Fact]
    public void Every_reason_has_its_row_and_every_row_is_of_a_reason() => Assert.Equal(
        Enum.GetNames<Reason>().Order(StringComparer.Ordinal),
        Row().Matches(File.ReadAllText(Path.Combine(Folder(), "..", "..", "docs", "reasons.md")))
            .Select(row => row.Groups["reason"].Value).Order(StringComparer.Ordinal));

    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
