using Checkout.Chassis.Telemetry;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Checkout.Chassis.Reactor;

/// <summary>
/// What Kafka does not let this process do: said once, in health for as long as it stays so, and taken back when it is
/// granted. The client goes on trying by itself.
/// </summary>
internal sealed class KafkaRefusals(string group, ReactorState state, ILogger logger)
{
    private const string In = "in";

    private string Joining => $"join the group {group}";

    public void Topic(string topic, bool mayBeRead)
    {
        if (mayBeRead) Allow($"read {topic}");
        else Refuse($"read {topic}", $"Kafka does not let this user read the topic {topic}: allow READ with "
            + $"kafka-acls.sh --add --topic {topic}");
    }

    /// <summary>Partitions were assigned.</summary>
    public void LetIn()
    {
        Allow(In);
        Allow(Joining);
    }

    public void Error(Error error)
    {
        switch (error.Code)
        {
            case ErrorCode.GroupAuthorizationFailed:
                Refuse(Joining, $"Kafka does not let this user join the group {group}: allow READ with kafka-acls.sh "
                    + $"--add --group {group}");
                break;
            case ErrorCode.Local_Authentication or ErrorCode.Local_Ssl or ErrorCode.SaslAuthenticationFailed:
                Refuse(In, $"Kafka does not let this process in ({error.Reason}): correct sasl.username and "
                    + "sasl.password, or the certificates, below Kafka:Properties, or make the user");
                break;
            default:
                Log.KafkaError(logger, error.Code.ToString(), error.Reason);
                break;
        }
    }

    private void Refuse(string what, string sentence)
    {
        if (state.TryRefuse(what, sentence)) Log.KafkaRefuses(logger, sentence);
    }

    private void Allow(string what)
    {
        if (state.TryAllow(what)) Log.KafkaAllows(logger, what);
    }
}
