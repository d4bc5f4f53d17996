namespace Checkout.Chassis.Registry;

/// <summary>
/// The registry does not answer, or answers that it cannot now: an outage. Pause and ask again; the event at hand is
/// not at fault.
/// </summary>
public sealed class RegistryUnavailableException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>
/// The registry refuses the schema (incompatible, invalid, or not allowed). Asking again changes nothing until somebody
/// acts.
/// </summary>
public sealed class SchemaRefusedException(string message) : Exception(message);

/// <summary>The registry answers that it has no such schema.</summary>
public sealed class SchemaNotFoundException(string message) : Exception(message);

/// <summary>
/// The registry gives another event's schema for a record than the record's own type: it was lost and gave its ids
/// anew, or is another one. An outage until the registry is right again; the event at hand is not at fault.
/// </summary>
public sealed class SchemaContradictedException(string message) : Exception(message);
