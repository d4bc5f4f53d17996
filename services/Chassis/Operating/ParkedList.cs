using System.Text.Json.Nodes;
using Checkout.Chassis.Inbox;
using Checkout.Chassis.Registry;
using Checkout.Chassis.State;
using Checkout.Chassis.WireFormat;
using Npgsql;

namespace Checkout.Chassis.Operating;

/// <summary>A parked event for people.</summary>
/// <param name="Type">Its full name, where its header or its schema says it.</param>
/// <param name="Fields">Decoded; null where it can't be now.</param>
public sealed record ParkedShown(ParkedRecord Parked, string? Type, JsonObject? Fields);

/// <summary>What is parked, decoded, and why.</summary>
public sealed class ParkedList<TRows>(Decoder<TRows> decoder, NpgsqlDataSource database)
{
    /// <summary>In the order in which they were parked.</summary>
    /// <param name="after">Behind this id.</param>
    public async Task<IReadOnlyList<ParkedShown>> ReadAsync(ParkedSelection of, long after, int limit,
        CancellationToken cancellation)
    {
        var parked = new List<ParkedRecord>();
        await AskAsync(trip => Parked.List(trip, of, after, limit, parked.Add), cancellation);
        var shown = new List<ParkedShown>(parked.Count);
        foreach (var one in parked) shown.Add(await ShownAsync(one, cancellation));
        return shown;
    }

    /// <summary>The oldest first.</summary>
    public async Task<IReadOnlyList<ParkedReason>> ReasonsAsync(ParkedSelection of, CancellationToken cancellation)
    {
        var reasons = new List<ParkedReason>();
        await AskAsync(trip => Parked.Reasons(trip, of, reasons.Add), cancellation);
        return reasons;
    }

    private async Task AskAsync(Action<RoundTrip> ask, CancellationToken cancellation)
    {
        var trip = new RoundTrip();
        ask(trip);
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await trip.RunAsync(connection, cancellation);
    }

    /// <summary>A registry that does not answer hides no list.</summary>
    private async Task<ParkedShown> ShownAsync(ParkedRecord parked, CancellationToken cancellation)
    {
        var type = parked.Record.Header(EventHeaders.Type);
        try
        {
            var decoded = await decoder.DecodeAsync(parked.Record, cancellation);
            return new(parked, decoded.Type ?? type, decoded.Event is { } read ? EventJson.Of(read) : null);
        }
        catch (Exception e) when (e is RegistryUnavailableException or SchemaRefusedException
            or SchemaContradictedException)
        {
            return new(parked, type, null);
        }
    }
}
