using System.Globalization;

namespace Checkout.LogTailer.Tests;

/// <summary>
/// What whoever runs the tests by hand may ask for by the environment: more than there is time for at every build.
/// </summary>
public static class TestSettings
{
    /// <summary>Null where the variable is not set, or not to a number.</summary>
    public static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number)
            ? number : null;
}
