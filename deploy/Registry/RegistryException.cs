namespace Checkout.Registry;

/// <summary>An answer other than 200; the first three digits of the code are the HTTP status.</summary>
internal sealed class RegistryException(int code, string message) : Exception(message)
{
    public int Code => code;

    public int Status => code > 999 ? code / 100 : code;

    public static RegistryException NoSubject(string subject) => new(40401, $"Subject '{subject}' not found.");

    public static RegistryException NoVersion(string version) => new(40402, $"Version {version} not found.");

    public static RegistryException NoSchema() => new(40403, "Schema not found.");

    public static RegistryException NoLevel(string subject) =>
        new(40408, $"Subject '{subject}' does not have subject-level compatibility configured.");

    public static RegistryException Incompatible(string subject, IEnumerable<string> problems) =>
        new(40901, $"The schema is incompatible with an earlier one of the subject '{subject}': "
            + $"{string.Join("; ", problems)}.");

    public static RegistryException InvalidSchema(string why) => new(42201, $"The schema is invalid: {why}");

    public static RegistryException InvalidVersion(string version) =>
        new(42202, $"The version '{version}' is neither a number from 1 on nor 'latest'.");

    public static RegistryException InvalidLevel(string? level) =>
        new(42203,
            $"The compatibility level '{level}' is none of {string.Join(", ", Enum.GetNames<CompatibilityLevel>())}.");
}
