using Npgsql;

namespace Checkout.Chassis.EventStore;

/// <summary>
/// A connection string as somebody wrote it, perhaps with a password in it: what is wrong with it is said without
/// quoting a value.
/// </summary>
public static class ConnectionText
{
    private static readonly string[] Secrets = ["password", "pwd", "psw"];

    private const string Unquoted = "behind its password comes what is no keyword: write a password with a ; = or "
        + "quotation mark in quotation marks, as Password='a;b', or give it apart";

    /// <summary>Null where it can be used.</summary>
    public static string? Fault(string text)
    {
        try
        {
            _ = new NpgsqlConnectionStringBuilder(text);
            return null;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidCastException
            or OverflowException)
        {
            return (e as ArgumentException)?.ParamName is { Length: > 0 } keyword && !IsOfASecret(text, keyword)
                ? e.Message : Unquoted;
        }
    }

    /// <summary>With this password, whatever is in it.</summary>
    public static string With(string text, string? password) => password is null ? text
        : new NpgsqlConnectionStringBuilder(text) { Password = password }.ConnectionString;

    public static bool HasPassword(string text) =>
        !string.IsNullOrEmpty(new NpgsqlConnectionStringBuilder(text).Password);

    /// <summary>A password that is not in quotation marks goes on behind its first ; as a keyword would.</summary>
    private static bool IsOfASecret(string text, string keyword)
    {
        var at = text.IndexOf(keyword, StringComparison.OrdinalIgnoreCase);
        return !Secrets.Contains(keyword.ToLowerInvariant()) && Secrets.Any(secret =>
            text.IndexOf(secret, StringComparison.OrdinalIgnoreCase) is var begins and >= 0 && (at < 0 || begins < at));
    }
}
