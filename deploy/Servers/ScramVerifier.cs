using System.Security.Cryptography;
using System.Text;

namespace Checkout.Servers;

/// <summary>
/// What PostgreSQL keeps of a password (RFC 5802). Made here, so that the password itself is in no statement, and so in
/// no server's log.
/// </summary>
public static class ScramVerifier
{
    private const int Iterations = 4_096;
    private const int KeyBytes = 32;

    /// <summary>For CREATE ROLE ... PASSWORD; without the quotation marks.</summary>
    public static string Of(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(16);
        var salted = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, Iterations,
            HashAlgorithmName.SHA256, KeyBytes);
        var stored = SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8));
        var server = HMACSHA256.HashData(salted, "Server Key"u8);
        return $"SCRAM-SHA-256${Iterations}:{Convert.ToBase64String(salt)}"
            + $"${Convert.ToBase64String(stored)}:{Convert.ToBase64String(server)}";
    }
}
