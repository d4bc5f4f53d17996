namespace Checkout.Servers;

/// <summary>A server did not start or did not answer; the message says what it said itself.</summary>
public sealed class ServerFailedException(string message, Exception? cause = null) : Exception(message, cause);
