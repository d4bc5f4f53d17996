namespace Checkout.Chassis.Resilience;

/// <summary>
/// PostgreSQL writes a commit to its log before it shows it to other transactions, so the answer to an own event can
/// come before the own commit is visible. The batch is tried again shortly.
/// </summary>
public sealed class NotYetVisibleException(string what) : Exception($"{what} is not known here (yet).");
