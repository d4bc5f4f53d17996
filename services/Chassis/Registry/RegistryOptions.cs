using System.Security.Cryptography;
using Confluent.SchemaRegistry;

namespace Checkout.Chassis.Registry;

/// <summary>
/// Where the schema registry is (any with Confluent's REST contract), how to get in, and whether this process may
/// register schemas there.
/// </summary>
public sealed class RegistryOptions
{
    private const string Prefix = "schema.registry.";
    private const int MostRetries = 20;
    private static readonly TimeSpan LongestTime = TimeSpan.FromMinutes(1);

    /// <summary>What has a setting of its own here, by Confluent's name.</summary>
    private static readonly Dictionary<string, string> Ours = new()
    {
        [SchemaRegistryConfig.PropertyNames.SchemaRegistryUrl] = nameof(Url),
        [SchemaRegistryConfig.PropertyNames.SchemaRegistryMaxRetries] = nameof(MaxRetries),
        [SchemaRegistryConfig.PropertyNames.SchemaRegistryRetriesWaitMs] = nameof(FirstRetryDelay),
        [SchemaRegistryConfig.PropertyNames.SchemaRegistryRetriesMaxWaitMs] = nameof(LongestRetryDelay),
        [SchemaRegistryConfig.PropertyNames.SchemaRegistryRequestTimeoutMs] = nameof(AttemptTimeout),
    };

    /// <summary>
    /// One address, or several of one registry, by commas: the next is asked where one does not answer. May have a
    /// path, as Apicurio's does (http://host:8080/apis/ccompat/v7), and a user and password for basic authentication.
    /// </summary>
    public string? Url { get; set; }

    /// <summary>
    /// False where production forbids registering: schemas are then only looked up, and the release pipeline registers
    /// them.
    /// </summary>
    public bool AutoRegister { get; set; } = true;

    /// <summary>For basic authentication, where they do not stand in the address.</summary>
    public string? UserName { get; set; }
    public string? Password { get; set; }

    public BearerOptions Bearer { get; set; } = new();
    public TlsOptions Tls { get; set; } = new();

    /// <summary>How often a question is asked again of each address before it counts as not answered.</summary>
    public int MaxRetries { get; set; } = 3;
    public TimeSpan FirstRetryDelay { get; set; } = TimeSpan.FromMilliseconds(200);
    public TimeSpan LongestRetryDelay { get; set; } = TimeSpan.FromSeconds(2);
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Further settings of Confluent's client by their own names, such as schema.registry.connections.max.per.server;
    /// in an environment, where a shell exports no name with dots, with _ in place of each.
    /// </summary>
    public Dictionary<string, string> Properties { get; } = [];

    /// <summary>Without user and password, for sentences.</summary>
    public string Addresses() => string.Join(", ", Urls().Select(WithoutUser));

    /// <summary>How long a question may take at most, with all that is tried.</summary>
    public TimeSpan LongestAnswer() => (AttemptTimeout + LongestRetryDelay) * (MaxRetries + 1) * Urls().Count;

    public SchemaRegistryConfig Client()
    {
        var config = new SchemaRegistryConfig
        {
            Url = string.Join(',', Urls().Select(WithoutUser)),
            // The client counts attempts, whatever it calls them (2.16.0).
            MaxRetries = MaxRetries + 1,
            RetriesWaitMs = (int)FirstRetryDelay.TotalMilliseconds,
            RetriesMaxWaitMs = (int)LongestRetryDelay.TotalMilliseconds,
            RequestTimeoutMs = (int)AttemptTimeout.TotalMilliseconds,
        };
        if (UserInfo() is { } user) config.BasicAuthUserInfo = user;
        Bearer.Set(config);
        Tls.Set(config);
        // The name as Confluent has it wins over the one for environments.
        foreach (var (name, value) in Properties.OrderBy(p => NameOf(p.Key) == p.Key)) config.Set(NameOf(name), value);
        return config;
    }

    /// <summary>What an operator has to change before the process can start, a sentence each.</summary>
    public IEnumerable<string> Faults()
    {
        List<string> faults = [.. AddressFaults(), .. TimeFaults(), .. CredentialFaults(), .. PropertyFaults()];
        return faults.Count == 0 && ClientFault() is { } fault ? [fault] : faults;
    }

    private IEnumerable<string> AddressFaults()
    {
        if (Urls().Count == 0)
            yield return "Registry:Url is missing: give the address of the schema registry, for example "
                + "http://localhost:8081.";
        foreach (var url in Urls().Where(url => !Uri.TryCreate(url, UriKind.Absolute, out var uri)
            || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps)))
            yield return $"Registry:Url is '{WithoutUser(url)}', which is not an http or https address: give one like "
                + "http://localhost:8081.";
    }

    private IEnumerable<string> TimeFaults()
    {
        if (MaxRetries is < 0 or > MostRetries)
            yield return $"Registry:MaxRetries is {MaxRetries}: give a number from 0 to {MostRetries}.";
        foreach (var (name, time) in new[] { (nameof(FirstRetryDelay), FirstRetryDelay),
            (nameof(LongestRetryDelay), LongestRetryDelay), (nameof(AttemptTimeout), AttemptTimeout) })
            if (time < TimeSpan.FromMilliseconds(1) || time > LongestTime)
                yield return $"Registry:{name} is {time}: give a time as hh:mm:ss, above zero and at most "
                    + $"{LongestTime}.";
    }

    private IEnumerable<string> CredentialFaults()
    {
        if (UserName is null != Password is null)
            yield return "Registry:UserName and Registry:Password belong together: give both, or none.";
        if (Urls().Select(UserOf).OfType<string>().Concat(OwnUser()).Distinct().Count() > 1)
            yield return "Registry:Url and Registry:UserName name several users: give one.";
        if (UserInfo() is not null && Bearer.IsGiven)
            yield return "Registry:Bearer is given and a user for basic authentication too: give one of them.";
        foreach (var fault in Bearer.Faults()) yield return fault;
    }

    private IEnumerable<string> PropertyFaults()
    {
        foreach (var name in Properties.Keys.Select(NameOf))
            if (Ours.TryGetValue(name, out var own))
                yield return $"Registry:Properties:{name} has a setting of its own: give Registry:{own}.";
            else if (!name.StartsWith(Prefix, StringComparison.Ordinal))
                yield return $"Registry:Properties:{name} is no setting of Confluent's client: they begin with "
                    + $"{Prefix}";
    }

    /// <summary>None of Confluent's names has a _ (2.16.0).</summary>
    private static string NameOf(string name) =>
        name.Replace('_', '.').ToLowerInvariant() is var dotted && dotted.StartsWith(Prefix, StringComparison.Ordinal)
            ? dotted : name;

    /// <summary>The client knows its settings best; one that is made and not used asks nobody anything.</summary>
    private string? ClientFault()
    {
        try
        {
            using var client = new CachedSchemaRegistryClient(Client());
            return null;
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException or IOException
            or UnauthorizedAccessException or FormatException)
        {
            return $"Registry can't be used: {e.Message}";
        }
    }

    private IReadOnlyList<string> Urls() =>
        (Url ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private string? UserInfo() => Urls().Select(UserOf).OfType<string>().Concat(OwnUser()).FirstOrDefault();

    private IEnumerable<string> OwnUser() => UserName is null ? [] : [$"{UserName}:{Password}"];

    private static string? UserOf(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.UserInfo.Length > 0
            ? Uri.UnescapeDataString(uri.UserInfo) : null;

    /// <summary>Also where it is no address at all: what may be a password must not be shown.</summary>
    private static string WithoutUser(string url)
    {
        var (scheme, user) = (url.IndexOf("://", StringComparison.Ordinal), url.LastIndexOf('@'));
        return user < 0 ? url : (scheme < 0 ? "" : url[..(scheme + 3)]) + url[(user + 1)..];
    }

    /// <summary>A token, or what it takes to get one (OAuth's client credentials).</summary>
    public sealed class BearerOptions
    {
        public string? Token { get; set; }

        public string? ClientId { get; set; }
        public string? ClientSecret { get; set; }
        public string? Scope { get; set; }
        public string? TokenUrl { get; set; }

        /// <summary>Confluent Cloud wants them with every question; others need none.</summary>
        public string LogicalCluster { get; set; } = "";
        public string? IdentityPoolId { get; set; }

        public bool IsGiven => Token is not null || ClientId is not null;

        public void Set(SchemaRegistryConfig config)
        {
            if (!IsGiven) return;
            config.BearerAuthCredentialsSource = Token is null
                ? BearerAuthCredentialsSource.OAuthBearer : BearerAuthCredentialsSource.StaticToken;
            config.BearerAuthToken = Token;
            config.BearerAuthClientId = ClientId;
            config.BearerAuthClientSecret = ClientSecret;
            config.BearerAuthScope = Scope;
            config.BearerAuthTokenEndpointUrl = TokenUrl;
            config.BearerAuthLogicalCluster = LogicalCluster;
            config.BearerAuthIdentityPoolId = IdentityPoolId;
        }

        public IEnumerable<string> Faults()
        {
            if (Token is not null && ClientId is not null)
                yield return "Registry:Bearer has a Token and a ClientId: give one of them.";
            else if (Token is null && new[] { ClientId, ClientSecret, Scope, TokenUrl } is var four
                && four.Any(part => part is null) && four.Any(part => part is not null))
                yield return "Registry:Bearer needs ClientId, ClientSecret, Scope and TokenUrl to get a token: give "
                    + "all four.";
        }
    }

    /// <summary>For https. The client's certificate is a PKCS#12 file, the authority's a PEM file.</summary>
    public sealed class TlsOptions
    {
        public string? CaLocation { get; set; }
        public string? KeystoreLocation { get; set; }
        public string? KeystorePassword { get; set; }
        public bool VerifyCertificate { get; set; } = true;

        public void Set(SchemaRegistryConfig config)
        {
            config.SslCaLocation = CaLocation;
            config.SslKeystoreLocation = KeystoreLocation;
            config.SslKeystorePassword = KeystorePassword;
            if (!VerifyCertificate) config.EnableSslCertificateVerification = false;
        }
    }
}
