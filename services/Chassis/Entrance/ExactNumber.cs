namespace Checkout.Chassis.Entrance;

/// <summary>
/// A whole number that every client can hold: JavaScript's, and whoever reads JSON as doubles, round what is above
/// 2^53 - 1 (RFC 8259, section 6).
/// </summary>
public static class ExactNumber
{
    public const long Max = (1L << 53) - 1;

    /// <summary>What is wrong with the number, in a sentence that names the field; else null.</summary>
    public static string? Problem(string field, long number, long least) => number >= least && number <= Max ? null
        : $"{field} is {number}; give a whole number from {least} to {Max}.";

    /// <summary>What is held after this is added to it.</summary>
    /// <param name="field">What the sum is called, such as stock.</param>
    /// <exception cref="ArgumentException">It would be too much; the sentence says how much there is.</exception>
    public static long Sum(string field, long held, long added) => added <= Max - held ? held + added
        : throw new ArgumentException($"{field} would be above {Max}, the most that can be held: there are {held}, and "
            + $"{added} more are too many.");
}
