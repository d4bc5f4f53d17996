namespace Checkout.Chassis.EventStore;

/// <summary>
/// The database lacks what this version needs, and who is connected may not put it there. The message says who has to
/// do what; then it goes on.
/// </summary>
public sealed class NotMigratedException(string message) : Exception(message);
