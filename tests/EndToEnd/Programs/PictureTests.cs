using System.Xml.Linq;
using Checkout.Fixtures;
using Checkout.Local;
using Checkout.Local.Pictures;
using Xunit;

namespace Checkout.EndToEnd.Programs;

/// <summary>The picture of a race, drawn and recorded.</summary>
public sealed class PictureTests
{
    private static readonly DateTime Noon = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);
    private static readonly string[] Lanes = ["player 1", "player 2", "Store", "Balance", "Inventory"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void A_picture_has_its_lanes_its_moments_and_an_arrow_from_each_cause()
    {
        var drawn = Draw("a race", Post(), Created());
        Assert.All([.. Lanes, "POST", "CheckoutCreated", "0.0 ms", "2.5 ms"],
            text => Assert.Contains(text, Texts(drawn)));
        var arrow = Assert.Single(drawn.Descendants(), e => e.Name.LocalName == "path" && Class(e) == "arrow s0");
        // From the right side of the first lane's box to the left side of the third's.
        Assert.StartsWith("M268 158 C", (string?)arrow.Attribute("d"), StringComparison.Ordinal);
        Assert.EndsWith(" 204.5", (string?)arrow.Attribute("d"), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_said_is_escaped_and_the_same_moments_are_the_same_picture()
    {
        var text = Draw("<one> & \"two\"", Post()).ToString();
        Assert.Contains("<one> & \"two\"", Texts(XDocument.Parse(text)));
        Assert.Equal(text, Draw("<one> & \"two\"", Post()).ToString());
    }

    [Fact]
    public void A_moment_on_no_lane_is_an_error() =>
        Assert.Throws<ArgumentException>(() => Draw("a race", Post() with { Lane = "Nobody" }));

    [Fact]
    public void The_readmes_picture_is_one_of_a_race_and_needs_nothing_from_elsewhere() =>
        IsOfARace(XDocument.Load(Path.Combine(Layout.Root, "docs", "palm-race.svg")));

    [Fact]
    public async Task A_race_is_played_and_drawn()
    {
        using var folder = new TestFolder("picture");
        await using var picture = LocalRun.Start(
            folder.Path, "picture", folder["race.svg"], "--in-memory-broker", "--port", "0");
        Assert.True(await picture.Exited.WaitAsync(TimeSpan.FromSeconds(180), Cancel) == 0, picture.Output);
        IsOfARace(XDocument.Load(folder["race.svg"]));
    }

    private static void IsOfARace(XDocument picture)
    {
        var texts = Texts(picture);
        Assert.All(Lanes, lane => Assert.Contains(lane, texts));
        string[] once =
            ["completed", "refunded", "AvatarAssigned", "AssignmentRejected", "CheckoutCompleted", "CheckoutRefunded"];
        Assert.All(once, word => Assert.Single(texts, word));
        Assert.Equal(2, texts.Count(text => text == "BalanceDeducted"));
        var all = picture.ToString();
        Assert.DoesNotContain("<script", all, StringComparison.Ordinal);
        Assert.DoesNotContain("url(", all, StringComparison.Ordinal);
        Assert.DoesNotContain("href", all, StringComparison.Ordinal);
    }

    private static XDocument Draw(string title, params Moment[] moments) =>
        new SequencePicture(title, ["a note"], Lanes, ["one", "two"], moments).Draw();

    private static Moment Post() => new() { Id = "post", Lane = "player 1", Story = 0, At = Noon, Text = "POST" };

    private static Moment Created() =>
        new()
        {
            Id = "e",
            Lane = "Store",
            Story = 0,
            At = Noon.AddMilliseconds(2.5),
            Text = "CheckoutCreated",
            Cause = "post"
        };

    private static List<string> Texts(XDocument picture) =>
        picture.Descendants().Where(e => e.Name.LocalName == "text").Select(e => e.Value).ToList();

    private static string? Class(XElement element) => (string?)element.Attribute("class");
}
