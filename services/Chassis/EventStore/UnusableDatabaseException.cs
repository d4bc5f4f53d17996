namespace Checkout.Chassis.EventStore;

/// <summary>
/// The database answers, and waiting changes nothing: the settings have to. The message says how; the process ends with
/// 2.
/// </summary>
public sealed class UnusableDatabaseException(string message, Exception? cause = null) : Exception(message, cause);
