namespace Checkout.Servers;

/// <summary>
/// A program that is needed is not on this machine; the message is one sentence that says what to do.
/// </summary>
public sealed class ServerMissingException(string message) : Exception(message);
