namespace Checkout.Chassis.Registry;

/// <summary>
/// Where the schema registry is (any with Confluent's REST contract) and whether this process may register schemas
/// there.
/// </summary>
public sealed class RegistryOptions
{
    /// <summary>
    /// May have a path, as Apicurio's does (http://host:8080/apis/ccompat/v7), and a user and password for basic
    /// authentication.
    /// </summary>
    public Uri? Url { get; set; }

    /// <summary>
    /// False where production forbids registering: schemas are then only looked up, and the release pipeline registers
    /// them.
    /// </summary>
    public bool AutoRegister { get; set; } = true;

    /// <summary>What an operator has to change before the process can start, a sentence each.</summary>
    public IEnumerable<string> Faults()
    {
        if (Url is null)
            yield return "Registry:Url is missing: give the address of the schema registry, for example "
                + "http://localhost:8081.";
        else if (!Url.IsAbsoluteUri || (Url.Scheme != Uri.UriSchemeHttp && Url.Scheme != Uri.UriSchemeHttps))
            yield return $"Registry:Url is '{Url}', which is not an http or https address: give one like "
                + "http://localhost:8081.";
    }
}
