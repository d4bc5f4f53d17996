using Microsoft.Extensions.Configuration;

namespace Checkout.Chassis;

/// <summary>
/// Secrets as files, as Docker and Kubernetes mount them: one a file, whose name is the setting's with __ for each
/// colon, such as Database__Password or Kafka__Properties__sasl.password. Files win over all other places.
/// </summary>
public sealed class SecretsOptions
{
    /// <summary>Names the folder, too.</summary>
    public const string Variable = "SECRETS_DIRECTORY";

    /// <summary>The folder with the files; none where it is not given.</summary>
    public string? Directory { get; set; }

    /// <summary>Adds what is in the folder that the settings name.</summary>
    /// <returns>What is wrong with the folder, in a sentence; null where nothing is.</returns>
    public static string? AddTo(IConfigurationManager configuration)
    {
        if ((configuration["Secrets:Directory"] ?? configuration[Variable]) is not { Length: > 0 } given) return null;
        var folder = Path.GetFullPath(given);
        try
        {
            configuration.AddKeyPerFile(folder, optional: false);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"Secrets:Directory is {folder}, which can't be read ({e.Message}): give the folder that the "
                + "secrets are mounted in, with files that this process may read.";
        }
    }
}
