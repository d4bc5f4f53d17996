using System.CommandLine;
using Checkout.Chassis.Operating;
using Checkout.Chassis.Tests.Domain;
using Xunit;

namespace Checkout.Chassis.Tests.Operating;

/// <summary>What is asked of who types a command about parked events.</summary>
public sealed class ParkedCommandLineTests
{
    private static readonly string[] Names = ["Option '--who' is required.", "Option '--why' is required."];

    [Theory]
    [InlineData("redrive --topic t --key k")]
    [InlineData("redrive --reason r")]
    [InlineData("discard --topic t --key k")]
    [InlineData("discard --reason r")]
    public void A_dry_run_needs_no_names_and_what_is_kept_needs_both(string command)
    {
        Assert.Empty(Errors($"{command} --dry-run"));
        Assert.Empty(Errors($"{command} --who anna --why mended"));
        Assert.Equal(Names, Errors(command));
        Assert.Equal(Names[1..], Errors($"{command} --who anna"));
        Assert.Equal(Names[..1], Errors($"{command} --why mended"));
    }

    [Fact]
    public void A_reaction_is_retired_by_somebody_and_for_a_reason()
    {
        Assert.Equal(Names, Errors("retire-reaction count"));
        Assert.Empty(Errors("retire-reaction count --who anna --why gone"));
    }

    private static IEnumerable<string> Errors(string line)
    {
        var root = new RootCommand();
        ParkedCommandLine.AddTo<TallyRows>(root, () => throw new InvalidOperationException("Nothing is run."),
            () => new(() => throw new InvalidOperationException("Nothing is run.")));
        return root.Parse(line).Errors.Select(error => error.Message);
    }
}
