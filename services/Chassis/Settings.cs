using Microsoft.Extensions.Configuration;

namespace Checkout.Chassis;

/// <summary>Settings of a process, read once when it starts.</summary>
public static class Settings
{
    /// <summary>
    /// The settings, and what an operator has to change in them before the process can start, a sentence each: also for
    /// each key that nobody reads.
    /// </summary>
    /// <param name="configuration">The whole of it, or a section.</param>
    public static (T Settings, IReadOnlyList<string> Problems) Read<T>(IConfiguration configuration,
        Func<T, IEnumerable<string>> problems) where T : new()
    {
        IReadOnlyList<string> unknown = KnownSettings.Unknown(configuration, typeof(T));
        try
        {
            var settings = configuration.Get<T>() ?? new();
            return (settings, [.. unknown, .. problems(settings)]);
        }
        catch (InvalidOperationException e)
        {
            // Such as: Failed to convert configuration value 'twelve' at 'EventStore:Partitions' to type
            // 'System.Int32'.
            return (new(), [.. unknown, e.Message]);
        }
    }
}
