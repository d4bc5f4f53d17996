using Checkout.Chassis.Edge;
using Checkout.Chassis.Edge.Describing;

namespace Checkout.Store.Checkouts;

/// <summary>What clients are told of the endpoints of checkouts.</summary>
internal static class CheckoutOperations
{
    public const string Tag = "checkouts";

    private static readonly Parameter Id = RequestParameters.Uuid("id", "Which checkout: checkoutId.",
        CheckoutExamples.Id);

    private static readonly Parameter Wait = RequestParameters.Number("wait",
        $"So many seconds the answer may wait until the checkout has ended; {Preferences.LongestWait.TotalSeconds:F0} "
            + "at most.", least: 0, most: 999_999_999, otherwise: 0);

    public static readonly Operation Post = new("postCheckout", Tag, "Buy a package",
        "Takes a purchase on. What becomes of it (coins, avatar) is the checkout's state, at the address in Location. "
            + "Sent again with the same key it is the same purchase, whatever the package costs by then.")
    {
        Parameters = [RequestParameters.Key, RequestParameters.Prefer],
        Body = typeof(CheckoutRequest),
        BodyExamples =
        [
            ("atThePriceOfTheMoment", new { Sku = "gorilla" }),
            ("atThePriceThatWasShown", new { Sku = "gorilla", ExpectedPriceCoins = 500 }),
        ],
        Answers =
        [
            new(200, "It was waited for, and has ended.", typeof(CheckoutView), AnswerHeaders.Location,
                AnswerHeaders.TraceResponse, IdempotencyKey.ReplayedHeader, Preferences.AppliedHeader),
            new(202, "It is taken on, or was before: then this is what it is by now.", typeof(CheckoutView),
                AnswerHeaders.Location, AnswerHeaders.TraceResponse, IdempotencyKey.ReplayedHeader,
                Preferences.AppliedHeader),
        ],
        Problems =
        [
            ProblemTypes.KeyMissing, ProblemTypes.KeyMalformed, StoreProblems.NotASku, ProblemTypes.NobodyToActFor,
            StoreProblems.PriceChanged, ProblemTypes.EventTooLarge, StoreProblems.KeyUsedForOther,
            StoreProblems.PackageOffSale, StoreProblems.UnknownPackage, StoreProblems.NoMoreCheckouts,
            ProblemTypes.StoreBehind,
        ],
    };

    public static readonly Operation Get = new("getCheckout", Tag, "Look a checkout up",
        "A checkout of one's own with everything that is known to have happened to it; anybody's with the scope "
            + "support.")
    {
        Parameters = [Id, Wait],
        Answers = [new(200, "As it is now, or when it has ended.", typeof(CheckoutView))],
        Problems =
        [
            StoreProblems.NotATimeToWait, ProblemTypes.NobodyToActFor, StoreProblems.UnknownCheckout,
            ProblemTypes.NotFound,
        ],
    };

    public static readonly Operation Follow = new("followCheckout", Tag, "Follow a checkout",
        "Server-Sent Events: the checkout each time that something is new in it (event: checkout), and when it has "
            + "ended (event: ended, the last one). The data of each is the JSON of a Checkout. A comment comes where "
            + "nothing else did for a while.")
    {
        Parameters = [Id, RequestParameters.LastEventId],
        Answers =
        [
            new(200, "Its events, as they come.", typeof(string))
            {
                MediaType = "text/event-stream",
                Example = "event: ended\nid: 4bf92f3577b34da6\ndata: {\"checkoutId\":\"" + CheckoutExamples.Id
                    + "\"}\n\n",
            },
            new(204, "It has ended, and the client was told so: there is nothing to come.", null),
        ],
        Problems =
        [
            ProblemTypes.NobodyToActFor, StoreProblems.UnknownCheckout, ProblemTypes.NotFound,
            StoreProblems.TooManyStreams,
        ],
    };

    public static readonly Operation List = new("listCheckouts", Tag, "List one's own checkouts",
        "Newest first. What is posted between two pages moves nothing.")
    {
        Parameters =
        [
            RequestParameters.Number("limit", "How many at most.", least: 1, CheckoutList.MaxLimit,
                CheckoutList.DefaultLimit),
            RequestParameters.Text("cursor", "Where the page begins: next of the page before. Opaque.",
                "^[A-Za-z0-9_-]{21}[AQgw]$", CheckoutExamples.Cursor),
        ],
        Answers = [new(200, "A page of them.", typeof(CheckoutPage), AnswerHeaders.Link)],
        Problems = [ProblemTypes.QueryNotUnderstood, ProblemTypes.NobodyToActFor],
    };
}

/// <summary>Values that the document shows.</summary>
internal static class CheckoutExamples
{
    public const string Id = "01924f1e-6f00-7000-8000-000000000001";
    public const string Cursor = "AZJPHm8AcACAAAAAAAAAAQ";
    public const string Created = "2026-01-02T03:04:05.678901Z";
    public const string Expires = "2026-01-02T03:09:05.678901Z";
    public const string State =
        "pending, funded, completed, failed, refundDue or refunded; later versions may add some.";
    public const string Reason = "Why it failed: see docs/reasons.md. Null where it did not.";
    public const string Ended = "When it ended; null while it is under way.";
    public const string Overdue = "Its deadline has passed and it has not ended; it still will.";
    public const string Price = "In whole coins, as fixed when it was posted.";
}
