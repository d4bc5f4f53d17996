using System.Globalization;
using System.Text.RegularExpressions;
using Checkout.Servers;

namespace Checkout.Benchmarks;

/// <summary>
/// Kafka's own load generator: what this broker takes on this machine from a producer that does nothing else.
/// </summary>
internal static partial class ProducerPerf
{
    public static async Task<double> RunAsync(string bootstrap, string topic, int records, int bytes,
        CancellationToken cancel)
    {
        var lines = new List<string>();
        await using var tool = ChildProcess.Start(new()
        {
            Program = Path.Combine(KafkaHome.Find()!, "bin", "kafka-producer-perf-test.sh"),
            Arguments =
            [
                "--topic", topic, "--num-records", records.ToString(CultureInfo.InvariantCulture),
                "--record-size", bytes.ToString(CultureInfo.InvariantCulture),
                "--throughput", "-1", "--producer-props", $"bootstrap.servers={bootstrap}", "acks=all",
                "enable.idempotence=true",
            ],
            OnLine = line => { lock (lines) lines.Add(line); },
        });
        var code = await tool.Exited.WaitAsync(cancel);
        lock (lines)
        {
            // The last line is of the whole run: "900000 records sent, 72103.4 records/sec (...".
            var rates = lines.Select(line => Rate().Match(line)).Where(match => match.Success).ToList();
            return code == 0 && rates.Count > 0
                ? double.Parse(rates[^1].Groups[1].Value, CultureInfo.InvariantCulture)
                : throw new ServerFailedException(
                    $"kafka-producer-perf-test.sh ended with code {code}:\n{string.Join('\n', lines)}");
        }
    }

    [GeneratedRegex(@"records sent, ([0-9.]+) records/sec")]
    private static partial Regex Rate();
}
