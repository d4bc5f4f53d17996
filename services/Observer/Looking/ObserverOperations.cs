using Checkout.Chassis.Edge;
using Checkout.Chassis.Edge.Describing;
using Checkout.Observer.Auditing;

namespace Checkout.Observer.Looking;

/// <summary>What operators are told of the endpoints.</summary>
internal static class ObserverOperations
{
    private const string Tag = "operators";
    private const string CheckoutId = "01924f1e-6f00-7000-8000-000000000001";

    private static readonly Parameter Limit =
        RequestParameters.Number("limit", "How many at most.", least: 1, most: 1_000, otherwise: 100);

    public static readonly Operation Checkout = new("lookAtCheckout", Tag, "Look at a checkout",
        "Its events of all services in the order in which one led to the other, where it is, what is to come and what "
            + "it waits for; with the scope support.")
    {
        Parameters = [RequestParameters.Uuid("id", "Which checkout.", CheckoutId)],
        Answers = [new(200, "As far as the audit is.", typeof(CheckoutLookAnswer))],
        Problems = [ProblemTypes.Forbidden, ProblemTypes.NotFound],
    };

    public static readonly Operation Customer = new("lookAtCustomer", Tag, "Look at a customer",
        "Coins in and out with their causes, and checkouts; with the scope support.")
    {
        Parameters =
        [
            RequestParameters.Id("customerId", "Whose: the sub of their token.", "player-1"), Limit,
            RequestParameters.Number("after", "next of the page before.", least: 0, most: int.MaxValue, otherwise: 0),
        ],
        Answers = [new(200, "As far as the audit is.", typeof(StatementAnswer))],
        Problems =
        [
            ProblemTypes.Forbidden, ProblemTypes.NotFound, ProblemTypes.NotAnOpaqueId, ProblemTypes.QueryNotUnderstood,
        ],
    };

    public static readonly Operation Stuck = new("listStuck", Tag, "List stuck checkouts",
        "Those whose next event is due for too long, the oldest first; with the scope support.")
    {
        Parameters =
        [
            Limit, RequestParameters.Text("waitsFor", "The service whose event is due.",
                $"^({string.Join('|', Story.Services)})$", "balance"),
        ],
        Answers = [new(200, "Some of them, and how many there are.", typeof(StuckPage))],
        Problems = [ProblemTypes.Forbidden, ProblemTypes.QueryNotUnderstood],
    };

    public static readonly Operation Violations = new("listViolations", Tag, "List violations",
        "What can't be if the system is right, with the events that show it; with the scope support.")
    {
        Parameters = [Limit],
        Answers = [new(200, "Open ones first.", typeof(ViolationPage))],
        Problems = [ProblemTypes.Forbidden, ProblemTypes.QueryNotUnderstood],
    };

    public static readonly Operation Settle = new("settleViolation", Tag, "Settle a violation",
        "Says that it needs no alarm any more, and why; with the scope support. It stays on the list.")
    {
        Parameters =
        [
            new("path", "id", "Which violation.", new()
            {
                ["type"] = "integer", ["format"] = "int64", ["minimum"] = 1,
            }, 1, IsRequired: true),
        ],
        Body = typeof(SettlingRequest),
        BodyExamples = [("afterADrill", new { Why = "the forged record of the drill" })],
        Answers = [new(200, "As it is settled.", typeof(ViolationAnswer))],
        Problems = [ProblemTypes.Forbidden, ProblemTypes.NobodyToActFor, ProblemTypes.NotFound],
    };

    public static readonly Operation Summary = new("getSummary", Tag, "Look at everything at once",
        "Figures of all checkouts and of the audit; with the scope support.")
    {
        Answers = [new(200, "As it was a second ago.", typeof(SummaryAnswer))],
        Problems = [ProblemTypes.Forbidden],
    };

    public static readonly Operation Follow = new("followSummary", Tag, "Follow everything",
        "Server-Sent Events: the summary, each time that it is new (event: summary); with the scope support.")
    {
        Answers =
        [
            new(200, "Summaries, as they come.", typeof(string))
            {
                MediaType = "text/event-stream",
                Example = "event: summary\nid: 1\ndata: {\"purchases\":12408}\n\n",
            },
        ],
        Problems = [ProblemTypes.Forbidden],
    };

    public static readonly Operation Parked = new("listParkedOfAll", Tag, "List parked events of all services",
        "What services could not handle, decoded, as far as it was read; with the scope support. They are redriven and "
            + "discarded at the service itself.")
    {
        Answers = [new(200, "Those that are parked for longest.", typeof(ParkedSeenAnswer))],
        Problems = [ProblemTypes.Forbidden],
    };

    public static readonly Operation Processes = new("listProcesses", Tag, "List processes",
        "How far each process says that it is, and which do not answer; with the scope support.")
    {
        Answers = [new(200, "What each said last.", typeof(ProcessesAnswer))],
        Problems = [ProblemTypes.Forbidden],
    };
}
