namespace Checkout.Chassis.Resilience;

/// <summary>
/// The database is not where it was a moment ago: it is an older one now. Nothing was appended, and nothing is until it
/// is known what its topic holds.
/// </summary>
public sealed class StoreWentBackException(string message) : Exception(message);
