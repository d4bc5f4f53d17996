namespace Checkout.Faults;

/// <summary>Something does not hold that must; the message is a sentence that says what.</summary>
internal sealed class ViolationException(string message, Exception? cause = null) : Exception(message, cause);
