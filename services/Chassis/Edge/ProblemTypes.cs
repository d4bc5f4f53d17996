using Microsoft.AspNetCore.Http;

namespace Checkout.Chassis.Edge;

/// <summary>The problems that any service may answer with. To add one: a field here, or in the service, and its page.
/// </summary>
public static class ProblemTypes
{
    public static readonly ProblemType BadRequest = new("bad-request", 400, "Bad request");
    public static readonly ProblemType BodyNotUnderstood = new("body-not-understood", 400, "Body not understood");
    public static readonly ProblemType HeaderSentTwice = new("header-sent-twice", 400, "Header sent twice");
    public static readonly ProblemType KeyMissing = new("idempotency-key-missing", 400, "Idempotency key missing");
    public static readonly ProblemType KeyMalformed = new("idempotency-key-malformed", 400, "Not an idempotency key");
    public static readonly ProblemType NotAnOpaqueId = new("not-a-customer-id", 400, "Not a customer id");
    public static readonly ProblemType QueryNotUnderstood = new("query-not-understood", 400, "Query not understood");
    public static readonly ProblemType Unauthorized = new("unauthorized", 401, "Not signed in");
    public static readonly ProblemType Forbidden = new("forbidden", 403, "Not allowed");
    public static readonly ProblemType NobodyToActFor = new("nobody-to-act-for", 403, "Nobody to act for");
    public static readonly ProblemType NotFound = new("not-found", 404, "Not found");
    public static readonly ProblemType MethodNotAllowed = new("method-not-allowed", 405, "Method not allowed");
    public static readonly ProblemType RequestTimeout = new("request-timeout", 408, "Request too slow");
    public static readonly ProblemType BodyTooLarge = new("body-too-large", 413, "Body too large");
    public static readonly ProblemType EventTooLarge = new("event-too-large", 413, "Event too large");
    public static readonly ProblemType NotJson = new("not-json", 415, "Not JSON");
    public static readonly ProblemType TooManyRequests = new("too-many-requests", 429, "Too many requests");
    public static readonly ProblemType InternalError = new("internal-error", 500, "Internal error");
    public static readonly ProblemType NotNow = new("not-now", 503, "Not now");
    public static readonly ProblemType StoreBehind = new("store-behind", 503, "Store behind its topic");

    /// <summary>What nobody gave a type: the routing's answers, the server's, an exception's.</summary>
    public static ProblemType OfStatus(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => Unauthorized,
        StatusCodes.Status403Forbidden => Forbidden,
        StatusCodes.Status404NotFound => NotFound,
        StatusCodes.Status405MethodNotAllowed => MethodNotAllowed,
        StatusCodes.Status408RequestTimeout => RequestTimeout,
        StatusCodes.Status413PayloadTooLarge => BodyTooLarge,
        StatusCodes.Status415UnsupportedMediaType => NotJson,
        StatusCodes.Status429TooManyRequests => TooManyRequests,
        StatusCodes.Status503ServiceUnavailable => NotNow,
        // A type of its own is better; these two say no more than the class of the status.
        < StatusCodes.Status500InternalServerError => BadRequest,
        _ => InternalError,
    };
}
