using System.Text.RegularExpressions;
using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using Xunit;

namespace Checkout.Services.Tests;

/// <summary>Which way the code points.</summary>
public sealed partial class ArchitectureTests
{
    /// <summary>The folders of Chassis, from the lowest up: each may use those before it, and none behind it.</summary>
    private static readonly string[] Folders =
        ["Entrance", "WireFormat", "Telemetry", "Registry", "Resilience", "State", "Kafka", "EventStore",
            "Refilling", "Choreography", "Inbox", "Edge", "Identity", "Reactor", "Operating"];

    /// <summary>Side by side: neither of these uses the other.</summary>
    private static readonly string[] SideBySide = ["Edge", "Reactor"];

    /// <summary>The rooms of LogTailer, from the lowest up.</summary>
    private static readonly string[] Rooms =
        ["Source", "Confirming", "Sink", "Chain", "Operating", "Verifying"];

    private static readonly string[] Services = ["Checkout.Store", "Checkout.Balance", "Checkout.Inventory",
        "Checkout.LogTailer", "Checkout.Observer"];

    private static readonly Architecture All = new ArchLoader().LoadAssemblies(
        typeof(Chassis.Service<>).Assembly, typeof(Store.StoreRows).Assembly, typeof(Balance.BalanceRows).Assembly,
        typeof(Inventory.InventoryRows).Assembly, typeof(LogTailer.Sink.KafkaRecord).Assembly,
        typeof(Observer.Reading.ObservedEvents).Assembly).Build();

    [Fact]
    public void Folders_of_chassis_point_one_way()
    {
        var used = Uses("Checkout.Chassis.").Select(use => (From: Folder(use.From), To: Folder(use.To), use.What))
            .Where(use => use.From is not null && use.To is not null && use.From != use.To).ToList();
        Assert.NotEmpty(used);
        Assert.Empty(used.Where(use =>
            Array.IndexOf(Folders, use.To) > Array.IndexOf(Folders, use.From)
            || (SideBySide.Contains(use.From) && SideBySide.Contains(use.To)))
            .Select(use => $"{use.From} uses {use.To}: {use.What}"));
    }

    /// <summary>An event's way: a room may use those before it; Chain hands to Sink what it has judged.</summary>
    [Fact]
    public void Rooms_of_LogTailer_point_one_way()
    {
        var used = Uses("Checkout.LogTailer.").Select(use => (From: Room(use.From), To: Room(use.To), use.What))
            .Where(use => use.From is not null && use.To is not null && use.From != use.To).ToList();
        Assert.Equal(Rooms, used.SelectMany(use => new[] { use.From!, use.To! }).Distinct()
            .OrderBy(room => Array.IndexOf(Rooms, room)));
        Assert.Empty(used.Where(use => Array.IndexOf(Rooms, use.To) > Array.IndexOf(Rooms, use.From)
            || use is { From: "Operating", To: "Verifying" } or { From: "Verifying", To: "Operating" })
            .Select(use => $"{use.From} uses {use.To}: {use.What}"));
    }

    [Fact]
    public void Every_folder_of_chassis_has_its_place() => Assert.Empty(
        All.Types.Select(type => Folder(type.FullName)).OfType<string>().Distinct().Except(Folders));

    [Fact]
    public void No_service_uses_another() => Assert.Empty(
        from use in Uses("Checkout.")
        from one in Services
        from other in Services
        where one != other && Is(use.From, one) && Is(use.To, other)
        select use.What);

    [Fact]
    public void Chassis_uses_no_service_and_no_contract() => Assert.Empty(
        Uses("Checkout.Chassis").Where(use => Services.Any(service => Is(use.To, service))
            || Is(use.To, "Checkout.Contracts") || Is(use.To, "avatarstore"))
            .Select(use => use.What));

    [Fact]
    public void Chassis_has_no_word_of_the_domain()
    {
        var words = All.Types.Where(type => Is(type.FullName, "Checkout.Chassis"))
            .SelectMany(type => type.Members.Select(member => member.Name).Append(type.Name)
                .Select(name => (type.FullName, Name: name)));
        Assert.Empty(words.Where(word => OfTheDomain().IsMatch(word.Name))
            .Select(word => $"{word.FullName}: {word.Name}"));
    }

    private static IEnumerable<(string From, string To, string What)> Uses(string of) =>
        from type in All.Types
        where type.FullName.StartsWith(of, StringComparison.Ordinal)
        from dependency in type.Dependencies
        select (type.FullName, dependency.Target.FullName, $"{type.FullName} -> {dependency.Target.FullName}");

    private static bool Is(string name, string @namespace) =>
        name.StartsWith(@namespace + ".", StringComparison.Ordinal);

    /// <summary>
    /// Null for what lies above all folders, where they are put together, and for what is not of Chassis.
    /// </summary>
    private static string? Folder(string name) =>
        InFolder().Match(name) is { Success: true } match ? match.Groups[1].Value : null;

    /// <summary>Null for the program and its settings.</summary>
    private static string? Room(string name) =>
        InRoom().Match(name) is { Success: true } match ? match.Groups[1].Value : null;

    [GeneratedRegex(@"^Checkout\.LogTailer\.([A-Z]\w+)\.[A-Z]")]
    private static partial Regex InRoom();

    [GeneratedRegex(@"^Checkout\.Chassis\.([A-Z]\w+)\.")]
    private static partial Regex InFolder();

    /// <summary>The namespace Checkout is the product's, and not the domain's.</summary>
    [GeneratedRegex("avatar|coin|balance|inventory|purchase|price|refund|stock|customer|package(?!s\\.lock)",
        RegexOptions.IgnoreCase)]
    private static partial Regex OfTheDomain();
}
