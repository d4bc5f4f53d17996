using Checkout.Chassis.Edge;
using Checkout.Chassis.Edge.Describing;
using Checkout.Chassis.Entrance;
using Checkout.Chassis.Inbox;

namespace Checkout.Chassis.Operating;

/// <summary>What operators are told of the endpoints of parked events.</summary>
internal static class ParkedOperations
{
    private const string Tag = ApiDocument.Operators;

    private static readonly IReadOnlyList<(string, object)> Examples =
    [
        ("aDryRun", new { Reason = "ArgumentException", Why = "mended in 1.4.2", DryRun = true }),
        ("ofAKey", new { Topic = "store.checkouts", Key = "player-1", Why = "mended in 1.4.2" }),
    ];

    private static readonly IReadOnlyList<Answer> Freed =
        [new(200, "What became of them, or would.", typeof(FreedAnswer))];

    private static readonly IReadOnlyList<ProblemType> Refusals =
        [ProblemTypes.Forbidden, ProblemTypes.NobodyToActFor, ProblemTypes.QueryNotUnderstood];

    private static readonly IReadOnlyList<ProblemType> FreeingRefusals = [.. Refusals, ProblemTypes.StoreBehind];

    public static readonly Operation List = new("listParked", Tag, "List parked events",
        "Events that could not be handled, and those of the same key behind them; with the scope support.")
    {
        Parameters =
        [
            Selection("topic", "The topic that they came from.", "store.checkouts"),
            Selection("key", "Their key.", "player-1", Parked.MaxKeyLength),
            Selection("reason", "A part of why they are parked.", "ArgumentException"),
            RequestParameters.Number("limit", "How many at most.", least: 1, most: 1_000, otherwise: 100),
            RequestParameters.Number("after", "next of the page before.", least: 0, most: int.MaxValue, otherwise: 0),
        ],
        Answers = [new(200, "A page of them, and all reasons.", typeof(ParkedPage))],
        Problems = Refusals,
    };

    public static readonly Operation Redrive = new("redriveParked", Tag, "Handle parked events after all",
        "Of each key that has some of them, from its oldest on, up to the first that still can't be handled; with the "
            + "scope support.")
    {
        Body = typeof(FreeingRequest),
        BodyExamples = Examples,
        Answers = Freed,
        Problems = FreeingRefusals,
    };

    public static readonly Operation Discard = new("discardParked", Tag, "Give parked events up for good",
        "All of them, and not what is parked behind them; with the scope support.")
    {
        Body = typeof(FreeingRequest),
        BodyExamples = Examples,
        Answers = Freed,
        Problems = FreeingRefusals,
    };

    private static Parameter Selection(string name, string description, string example,
        int most = PlainText.MaxLength) =>
        RequestParameters.Text(name, description, PlainText.Pattern, example, most);
}
