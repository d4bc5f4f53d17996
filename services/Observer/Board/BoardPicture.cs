using Checkout.Chassis.Edge;
using Checkout.Observer.Looking;

namespace Checkout.Observer.Board;

/// <summary>The choreography, with how many events of each kind were judged on its arrows.</summary>
internal static class BoardPicture
{
    private static readonly (string Service, int X)[] Lanes = [("Store", 120), ("Balance", 400), ("Inventory", 680)];

    /// <summary>From the lane of who tells to the lane of who reacts; without a way where nobody does.</summary>
    private static readonly (string Event, int X, int Y, string? Way)[] Told =
    [
        ("CheckoutCreated", 260, 62, "M128 70H386"), ("DeductionRejected", 260, 106, "M392 114H134"),
        ("BalanceDeducted", 540, 150, "M408 158H666"), ("AvatarAssigned", 400, 194, "M672 202H134"),
        ("AssignmentRejected", 540, 238, "M672 246H414"), ("BalanceRefunded", 260, 282, "M392 290H134"),
        ("CheckoutCompleted", 120, 334, null), ("CheckoutFailed", 120, 358, null),
        ("CheckoutRefunded", 120, 382, null),
    ];

    /// <param name="summary">Null where figures are not to be seen.</param>
    public static Html Of(SummaryAnswer? summary)
    {
        var counts = summary?.Events.ToLookup(count => count.Event, count => count.Events);
        return Html.Of(
            $"""
             <svg viewBox="0 0 800 394" role="img" aria-labelledby="picture-title" aria-describedby="events">
                   <title id="picture-title">The choreography, with how many events of each kind were judged</title>
                   <defs><marker id="head" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="7" markerHeight="7"
                     orient="auto-start-reverse"><path class="tip" d="M0 0 10 5 0 10z"/></marker></defs>
                   {Lanes.Select(lane => Html.Of(
                       $"""
                        <path class="lane" d="M{lane.X} 40V314"/>
                        <text class="service" x="{lane.X}" y="28">{lane.Service}</text>
                        """))}
                   {Told.Select(told => Html.Of(
                       $"""
                        {Arrow(told.Way)}
                        <text class="told" x="{told.X}" y="{told.Y}">{told.Event} <tspan class="count"
                          data-event="{told.Event}">{(counts?[told.Event].Sum() ?? 0):N0}</tspan></text>
                        """))}
                 </svg>
             """);
    }

    private static Html Arrow(string? way) => way is null ? Html.Nothing
        : Html.Of($"""<path class="arrow" d="{way}" marker-end="url(#head)"/>""");
}
