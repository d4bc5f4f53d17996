using Checkout.Chassis.Choreography;

namespace Checkout.Chassis.Operating;

/// <summary>
/// A command by which an operator gives facts: a file of them, each known by its business key, so that the same file
/// again changes nothing.
/// </summary>
/// <param name="Read">The commands in the file's text, each with the business key and the reaction name its event id
/// follows from. Throws FormatException with a sentence where the text is not right.</param>
public sealed record OperatorCommand<TRows>(string Name, string Description,
    Func<string, IReadOnlyList<Work<TRows>>> Read);
