using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Checkout.Balance;
using Checkout.Chassis.EventStore;
using Checkout.Inventory;
using Checkout.Observer.Reading;
using Checkout.Store;
using Xunit;

namespace Checkout.Services.Tests;

/// <summary>
/// For the length of a rolling upgrade older and newer binaries share a database: what was released stays as it is, and
/// what comes only adds.
/// </summary>
public sealed partial class MigrationRulesTests
{
    /// <summary>Released, and run on databases that exist: by the start of their SHA-256.</summary>
    private static readonly Dictionary<string, string> Released = new()
    {
        ["0001_event_store.sql"] = "EA8227EACF8CAF8C",
        ["0101_checkouts.sql"] = "C09E60A1FD8E0BEF",
        ["0101_accounts.sql"] = "679091C89452E44D",
        ["0101_stock.sql"] = "5D90B7E15271A5F8",
    };

    private static readonly Dictionary<string, string> Scripts = new[] { typeof(Migrations), typeof(StoreRows),
        typeof(BalanceRows), typeof(InventoryRows), typeof(ObservedEvents) }
        .Select(type => type.Assembly)
        .SelectMany(assembly => assembly.GetManifestResourceNames()
            .Where(name => name.EndsWith(".sql", StringComparison.Ordinal)).Select(name =>
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            return (Name: string.Join('.', name.Split('.')[^2..]), Text: reader.ReadToEnd());
        })).ToDictionary(script => script.Name, script => script.Text);

    [Fact]
    public void A_released_migration_stays_as_it_is() => Assert.All(Released, released =>
        Assert.Equal(released.Value,
            Convert.ToHexString(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(Scripts[released.Key])))[..16]));

    [Fact]
    public void A_new_migration_only_expands() =>
        Assert.All(Scripts.Where(script => !Released.ContainsKey(script.Key)), script =>
        Assert.False(TakesAway().IsMatch(script.Value), $"{script.Key}: an older binary may still need what it takes "
            + $"away: {TakesAway().Match(script.Value).Value}"));

    [Theory]
    [InlineData("ALTER TABLE accounts DROP COLUMN coins", true)]
    [InlineData("alter table accounts rename column coins to money", true)]
    [InlineData("ALTER TABLE accounts ALTER COLUMN coins TYPE integer", true)]
    [InlineData("ALTER TABLE accounts ALTER COLUMN note SET NOT NULL", true)]
    [InlineData("ALTER TABLE accounts ADD COLUMN note text NOT NULL", true)]
    [InlineData("ALTER TABLE accounts ADD COLUMN note text", false)]
    [InlineData("ALTER TABLE accounts ADD COLUMN note text NOT NULL DEFAULT ''", false)]
    [InlineData("CREATE TABLE notes (note text NOT NULL)", false)]
    [InlineData("CREATE INDEX accounts_by_coins ON accounts (coins)", false)]
    public void What_takes_away_is_known(string sql, bool takesAway) =>
        Assert.Equal(takesAway, TakesAway().IsMatch(sql));

    [GeneratedRegex(
        @"\b(DROP|RENAME|TRUNCATE|DELETE\s+FROM)\b|\bALTER\s+COLUMN\s+\w+\s+(SET\s+DATA\s+)?TYPE\b"
        + @"|\bSET\s+NOT\s+NULL\b"
        + @"|ADD\s+COLUMN\s+(?![^,;]*DEFAULT)[^,;]*NOT\s+NULL",
        RegexOptions.IgnoreCase)]
    private static partial Regex TakesAway();
}
