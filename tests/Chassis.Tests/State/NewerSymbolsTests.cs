using Checkout.Chassis.State;
using Checkout.Chassis.Tests.Running;
using Dapper;
using Npgsql;
using Xunit;

namespace Checkout.Chassis.Tests.State;

/// <summary>
/// While a new version is rolled out, and after it was taken back, an older one meets symbols of enums that it does not
/// know.
/// </summary>
public sealed class NewerSymbolsTests(Stage stage)
{
    [Fact]
    public async Task A_symbol_that_only_a_newer_version_knows_is_read_as_unknown()
    {
        await using var connection = await NewAsync();
        var (_, parcels) = await LoadedAsync(connection, "one");
        Assert.Equal(new Parcel(Place.Unknown, Weight.UNKNOWN, 7), parcels["one"]);
    }

    [Fact]
    public async Task It_stays_as_it_is_where_another_column_is_changed()
    {
        await using var connection = await NewAsync();
        var (rows, parcels) = await LoadedAsync(connection, "one", "two");
        foreach (var id in new[] { "one", "two" }) parcels.Change(id, parcel => parcel with { Stamps = 8 });
        await SaveAsync(rows, connection);
        Assert.Equal([("one", "Orbit", "1e9", 8), ("two", "Hall", "LIGHT", 8)], await AllAsync(connection));
    }

    [Fact]
    public async Task It_gives_way_to_a_symbol_that_a_change_sets()
    {
        await using var connection = await NewAsync();
        var (rows, parcels) = await LoadedAsync(connection, "one");
        parcels.Change("one", parcel => parcel with { Place = Place.Street });
        await SaveAsync(rows, connection);
        Assert.Equal(("one", "Street", "1e9", 7), (await AllAsync(connection))[0]);
    }

    [Fact]
    public void A_key_with_an_unknown_symbol_is_refused()
    {
        var rows = new Rows();
        var labels = rows.Hanging<LabelKey, Label>("labels");
        var error = Assert.Throws<InvalidOperationException>(() => rows.Ask(new LabelKey("one", Place.Unknown)));
        Assert.Contains("of labels has a symbol that this version does not know: a newer one has to handle it.",
            error.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => labels.Add(new("one", Place.Unknown), new(1)));
        rows.Ask(new LabelKey("one", Place.Hall));
        labels.Add(new("one", Place.Hall), new(1));
    }

    [Fact]
    public void An_enum_without_a_symbol_for_the_unknown_is_in_no_row()
    {
        var error = Assert.Throws<InvalidOperationException>(() =>
            new Rows().Hanging<string, Loud>("doors", key: "door_id"));
        Assert.StartsWith("doors.noise is an enum without a symbol Unknown", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Hall", Place.Hall)]
    [InlineData("hall", Place.Unknown)]
    [InlineData("1", Place.Unknown)]
    [InlineData("", Place.Unknown)]
    public void Only_a_name_is_a_symbol(string text, Place place) => Assert.Equal(place, Symbols.Read<Place>(text));

    private async Task<NpgsqlConnection> NewAsync()
    {
        var connection = new NpgsqlConnection(await stage.Postgres.NewDatabaseAsync());
        await connection.OpenAsync();
        await connection.ExecuteAsync("""
            CREATE TABLE parcels (
                parcel_id text PRIMARY KEY, place text NOT NULL, weight text, stamps integer NOT NULL);
            INSERT INTO parcels VALUES ('one', 'Orbit', '1e9', 7), ('two', 'Hall', 'LIGHT', 7);
            """);
        return connection;
    }

    private static async Task<(Rows, Table<string, Parcel>)> LoadedAsync(NpgsqlConnection connection,
        params string[] ids)
    {
        var rows = new Rows();
        var parcels = rows.Locked<string, Parcel>("parcels", key: "parcel_id");
        foreach (var id in ids) rows.Ask(new { ParcelId = id });
        var trip = new RoundTrip();
        rows.LoadFrom(new PostgresRows(trip));
        await trip.RunAsync(connection, CancellationToken.None);
        return (rows, parcels);
    }

    private static async Task SaveAsync(Rows rows, NpgsqlConnection connection)
    {
        var trip = new RoundTrip();
        rows.SaveTo(new PostgresRows(trip));
        await trip.RunAsync(connection, CancellationToken.None);
    }

    private static async Task<List<(string, string, string, int)>> AllAsync(NpgsqlConnection connection) =>
        (await connection.QueryAsync<(string, string, string, int)>(
            "SELECT parcel_id, place, weight, stamps FROM parcels ORDER BY parcel_id")).ToList();

    public enum Place { Hall, Street, Unknown }

    public enum Weight { UNKNOWN, LIGHT }

    public enum Noise { Bang }

    private sealed record Parcel(Place Place, Weight? Weight, int Stamps);

    private readonly record struct LabelKey(string ParcelId, Place Place);

    private sealed record Label(int Copies);

    private sealed record Loud(Noise Noise);
}
