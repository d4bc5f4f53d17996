using Xunit.v3;

namespace Checkout.Fixtures;

/// <summary>
/// What a test needs beside the code. Where it is missing the test is skipped with the reason, unless
/// CHECKOUT_TEST_REQUIRES names it ("postgres,kafka"): who found or installed it wants to know that it did not serve.
/// </summary>
public static class Prerequisite
{
    public const string Variable = "CHECKOUT_TEST_REQUIRES";

    public static Exception Missing(string name, string reason, Exception? cause = null) =>
        new InvalidOperationException(
        IsRequired(name) ? $"{Variable} names {name}, but: {reason}" : DynamicSkipToken.Value + reason, cause);

    public static bool IsRequired(string name) => (Environment.GetEnvironmentVariable(Variable) ?? "")
        .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        .Contains(name, StringComparer.OrdinalIgnoreCase);
}
