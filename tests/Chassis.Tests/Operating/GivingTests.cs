using Checkout.Chassis.EventStore;
using Checkout.Chassis.Operating;
using Checkout.Chassis.Tests.Domain;
using Checkout.Chassis.Tests.Running;
using Checkout.Fixtures;
using Xunit;

namespace Checkout.Chassis.Tests.Operating;

/// <summary>An operator's file, taken as a whole or not at all.</summary>
public sealed class GivingTests(Stage stage)
{
    private sealed record Line(string Name, long Number);

    [Fact]
    public async Task A_file_is_taken_as_one()
    {
        await using var world = await World.NewAsync(stage);
        const string file = """[{"name": "anna", "number": 1}, {"name": "ben", "number": 2}]""";
        Assert.Equal((0, "2 given, 2 new events."), await GiveAsync(world, file));
        Assert.Equal(new() { ["anna"] = 1, ["ben"] = 2 }, await world.TotalsAsync());
    }

    [Fact]
    public async Task Of_a_file_with_an_entry_whose_decision_throws_nothing_is_taken()
    {
        await using var world = await World.NewAsync(stage);
        var (code, said) = await GiveAsync(world,
            $$"""[{"name": "anna", "number": 1}, {"name": "ben", "number": {{Tallies.Unlucky}}}]""");
        Assert.Equal(1, code);
        Assert.StartsWith("Entry 2: ", said, StringComparison.Ordinal);
        Assert.EndsWith("Nothing of the file was taken.", said, StringComparison.Ordinal);
        Assert.Empty(await world.TotalsAsync());
        Assert.Empty(await world.EventsAsync());
    }

    [Theory]
    [InlineData("""[{"name": "anna", "number": 1}, {"name": "ben"}]""", "Line 1, entry 2: number is missing")]
    [InlineData("[", "not JSON at line 1")]
    public async Task Of_a_file_that_is_not_right_nothing_is_taken(string file, string sentence)
    {
        await using var world = await World.NewAsync(stage);
        var (code, said) = await GiveAsync(world, file);
        Assert.Equal(2, code);
        Assert.Contains(sentence, said, StringComparison.Ordinal);
        Assert.EndsWith("Nothing of the file was taken.", said, StringComparison.Ordinal);
        Assert.Empty(await world.TotalsAsync());
    }

    [Fact]
    public async Task What_the_database_refuses_is_a_sentence()
    {
        await using var world = await World.NewAsync(stage);
        var (code, said) = await GiveAsync(world, """[{"name": "anna", "number": -5}]""");
        Assert.Equal(1, code);
        Assert.Contains("a_tally_is_not_below_zero", said, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_not_there_or_a_folder_is_a_sentence()
    {
        await using var world = await World.NewAsync(stage);
        using var folder = new TestFolder("no-file");
        foreach (var path in new[] { folder["nothing.json"], folder.Path })
        {
            var (code, said) = await GiveAsync(world, new FileInfo(path));
            Assert.Equal(2, code);
            Assert.Contains(path, said, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_dry_run_says_of_each_entry_what_would_become_of_it_and_changes_nothing()
    {
        await using var world = await World.NewAsync(stage);
        const string file = """[{"name": "anna", "number": 1}, {"name": "ben", "number": 2}]""";
        var (code, said) = await GiveAsync(world, file, isDry: true);
        Assert.Equal(0, code);
        Assert.Equal(["Entry 1: Counted would be new.", "Entry 2: Counted would be new.",
            "2 looked at, 2 would be new, 0 would be refused. Nothing was changed."], said.Split('\n'));
        Assert.Empty(await world.TotalsAsync());
        Assert.Empty(await world.EventsAsync());
        Assert.Equal((0, "2 given, 2 new events."), await GiveAsync(world, file));
    }

    [Fact]
    public async Task A_dry_run_says_what_would_be_refused()
    {
        await using var world = await World.NewAsync(stage);
        var (code, said) = await GiveAsync(world, isDry: true, text:
            $$"""[{"name": "anna", "number": 1}, {"name": "ben", "number": {{Tallies.Unlucky}}}]""");
        Assert.Equal(1, code);
        Assert.Contains("1 would be refused, and with them all.", said, StringComparison.Ordinal);
        Assert.Empty(await world.EventsAsync());
    }

    private static async Task<(int Code, string Said)> GiveAsync(World world, string text, bool isDry = false)
    {
        using var folder = new TestFolder("giving");
        await File.WriteAllTextAsync(folder["file.json"], text);
        return await GiveAsync(world, new FileInfo(folder["file.json"]), isDry);
    }

    private static async Task<(int Code, string Said)> GiveAsync(World world, FileInfo file, bool isDry = false)
    {
        var instance = await world.NewInstanceAsync();
        var table = world.NewTable(isNewerCode: false);
        var command = new OperatorCommand<TallyRows>("give", "Adds numbers.", text =>
            OperatorFile.Read<Line>(text, _ => []).Select((line, i) => table.WorkOf(new Add(line.Name, line.Number),
                EventIds.OfBusinessKey("give", $"{i}"))).ToList());
        var said = new StringWriter();
        var code = await new Giving<TallyRows>(_ => Task.CompletedTask, instance.Transactions, world.Database)
            .RunAsync(command, file, new(IsDry: isDry), said, said, CancellationToken.None);
        return (code, said.ToString().Trim());
    }
}
