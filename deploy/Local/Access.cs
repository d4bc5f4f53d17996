using Checkout.Chassis.Registry;
using Checkout.Local.Secured;

namespace Checkout.Local;

/// <summary>
/// How a demo gets into a running system: as the game, and for proofs as the tailer. Nothing where the system is open.
/// </summary>
/// <param name="Game">librdkafka's settings.</param>
/// <param name="Tailer">librdkafka's settings.</param>
public sealed record Access(
    IReadOnlyDictionary<string, string> Game, IReadOnlyDictionary<string, string> Tailer, string? RegistryUser = null,
    string? RegistryPassword = null)
{
    public static readonly Access Open = new(new Dictionary<string, string>(), new Dictionary<string, string>());

    internal static Access Of(Credentials? credentials) => credentials is null ? Open
        : new(credentials.KafkaClient(Credentials.Game), credentials.KafkaClient(Credentials.Tailer), Credentials.Game,
            credentials.Registry()[Credentials.Game]);

    public RegistryOptions Registry(string url) =>
        new() { Url = url, UserName = RegistryUser, Password = RegistryPassword };
}
