using System.Globalization;
using Checkout.Local.Demo;
using Checkout.Local.Events;

namespace Checkout.Local.Pictures;

/// <summary>
/// The race for the one Palm as a picture: two clients and three services, from what the event stores hold.
/// </summary>
internal static class RacePicture
{
    private static readonly Dictionary<string, string> ServiceOf = new()
    {
        ["store"] = "Store",
        ["balance"] = "Balance",
        ["inventory"] = "Inventory",
    };

    public static SequencePicture Of(
        IReadOnlyList<(Racer Racer, IReadOnlyList<StoredEvent> Events)> races, string brokerName)
    {
        var clients = races.Select((_, i) => Client(i)).ToList();
        var moments = races.SelectMany((race, i) => MomentsOf(i, race.Racer, race.Events))
            .OrderBy(m => m.At).ThenBy(m => m.Order);
        var recorded = races[0].Racer.PostedAt.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        return new(
            "Two players, one Palm: what happened, and because of what",
            [
                "An arrow goes from a cause to its effect. Between services it is an event on its way: committed in",
                "one database, read from its transaction log, carried by Kafka, handled in the other's transaction.",
                $"Nobody coordinates. Recorded {recorded} on {brokerName.Split(" at ")[0]}.",
            ],
            [.. clients, .. ServiceOf.Values],
            [.. races.Select((race, i) => $"{Client(i)}: {Outcome(race.Racer.Checkout)}")],
            moments.ToList());
    }

    private static IEnumerable<Moment> MomentsOf(int story, Racer racer, IReadOnlyList<StoredEvent> events)
    {
        var post = $"post-{story}";
        yield return new()
        {
            Id = post,
            Lane = Client(story),
            Story = story,
            At = racer.PostedAt,
            Text = "POST /checkouts",
            Detail = "one Palm",
        };
        foreach (var e in events)
        {
            yield return new()
            {
                Id = $"{e.Id}",
                Lane = ServiceOf[e.Store],
                Story = story,
                At = e.At,
                Order = e.Position,
                Text = e.Name,
                Detail = Detail(e),
                Cause = e.Cause is { } cause ? $"{cause}" : post,
            };
        }
        yield return new()
        {
            Id = $"end-{story}",
            Lane = Client(story),
            Story = story,
            At = racer.EndedAt,
            Text = racer.Checkout.State,
            Detail = racer.Checkout.State == "completed" ? "has the Palm" : "has its coins back",
            Cause = $"{events[^1].Id}",
            IsEnd = true,
        };
    }

    /// <summary>The one thing that an event says beside what every event of its checkout says.</summary>
    private static string Detail(StoredEvent e)
    {
        var fields = e.Fields.ToDictionary(f => f.Name, f => f.Value);
        return fields.TryGetValue("remainingStock", out var left) ? Invariant($"{left:N0} left")
            : fields.TryGetValue("balanceCoins", out var coins) ? Invariant($"balance {coins:N0}")
            : fields.TryGetValue("reason", out var reason) ? Invariant($"{reason}")
            : fields.TryGetValue("priceCoins", out var price) || fields.TryGetValue("refundedCoins", out price)
                ? Invariant($"{price:N0} coins")
            : "";
    }

    private static string Outcome(CheckoutSeen checkout) => checkout.State == "completed"
        ? Invariant($"completed, {checkout.PriceCoins:N0} coins paid")
        : Invariant($"{checkout.State}, {checkout.Reason}");

    private static string Client(int story) => Invariant($"player {story + 1}");

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
