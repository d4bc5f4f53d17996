using System.Security.Cryptography;
using System.Text;

namespace Checkout.Servers;

/// <summary>
/// New data folders, made once and copied from then on: for who starts dozens of servers in a row, as tests do.
/// Formatting one for Kafka is a JVM's start (1.3 s of CPU, 4.3.1), PostgreSQL's initdb takes 0.6 s. Only where
/// <see cref="Variable"/> names the folder to keep them in: copies bear the same ids.
/// </summary>
internal static class PreparedFolder
{
    public const string Variable = "CHECKOUT_PREPARED";

    private static string? Root =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder ? Path.GetFullPath(folder) : null;

    /// <summary>Null where nothing is kept.</summary>
    /// <param name="madeFrom">All that decides what is kept: a release, settings, a user.</param>
    public static string? PathFor(string kind, params IEnumerable<string> madeFrom) => Root is not { } root ? null
        : Path.Combine(root, $"{kind}-{Hash(string.Join('\n', madeFrom))}");

    /// <summary>Fills the folder from the prepared one, or makes it and keeps a copy for the next.</summary>
    public static async Task FillAsync(string folder, string? prepared, Func<Task> make, CancellationToken cancel)
    {
        if (prepared is not null && Directory.Exists(prepared))
        {
            Directory.CreateDirectory(folder);
            await CopyAsync(prepared, folder, cancel);
            return;
        }
        await make();
        if (prepared is not null) await KeepAsync(folder, prepared, cancel);
    }

    /// <summary>Whole or not at all: of several who make it at the same time the first has made it.</summary>
    private static async Task KeepAsync(string folder, string prepared, CancellationToken cancel)
    {
        var started = $"{prepared}.started-{Guid.NewGuid():N}";
        Directory.CreateDirectory(started);
        await CopyAsync(folder, started, cancel);
        try
        {
            Directory.Move(started, prepared);
        }
        catch (IOException) when (Directory.Exists(prepared))
        {
            Directory.Delete(started, recursive: true);
        }
    }

    /// <summary>With owners and modes, of the folder itself too.</summary>
    private static Task CopyAsync(string from, string to, CancellationToken cancel) => Programs.RunAsync(
        new() { Program = "cp", Arguments = ["-a", Path.Combine(from, "."), to] }, $"Copying {from} to {to}", cancel);

    private static string Hash(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16];
}
