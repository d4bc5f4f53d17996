using System.Diagnostics.Metrics;
using Checkout.Chassis.Telemetry;
using Confluent.Kafka;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Checkout.Chassis.Kafka;

/// <summary>
/// Whether Kafka answers, asked every few seconds by a client of its own: the clients that do the work say nothing
/// while a broker is frozen. Silent brokers degrade health: the process can do what needs no broker, and goes on with
/// the rest by itself.
/// </summary>
public sealed class BrokerWatch : BackgroundService, IHealthCheck
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    public static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(2);
    /// <summary>A consumer's session time-out: after it the group gives its partitions away.</summary>
    public static readonly TimeSpan SilentAfter = TimeSpan.FromSeconds(6);

    private readonly AdminClientConfig _config;
    private readonly TimeProvider _time;
    private long _heard;
    private nint _client;

    /// <param name="config">Of an admin client.</param>
    public BrokerWatch(AdminClientConfig config, IMeterFactory meters, TimeProvider time)
    {
        (_config, _time, _heard) = (config, time, time.GetTimestamp());
        meters.Create(TelemetryNames.Chassis)
            .CreateObservableGauge("kafka.silence", () => Silence.TotalSeconds, "s",
                "Since a broker answered this process last.");
    }

    /// <summary>Since a broker answered last; since the start where none has.</summary>
    public TimeSpan Silence => _time.GetElapsedTime(Volatile.Read(ref _heard));

    public bool IsSilent => Silence > SilentAfter;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                // Counted from the question: an answer that took long says nothing of the time after it was asked for.
                var asked = _time.GetTimestamp();
                if (await Blocking.RunAsync(Ask)) Volatile.Write(ref _heard, asked);
                await Task.Delay(Interval, _time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
        finally
        {
            await Blocking.RunAsync(End);
        }
    }

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context,
        CancellationToken cancellationToken = default) => Task.FromResult(IsSilent
        ? HealthCheckResult.Degraded(
            $"no broker at {_config.BootstrapServers} has answered for {Silence.TotalSeconds:F0} s")
        : HealthCheckResult.Healthy());

    /// <summary>One that failed may believe in a broker that is gone: the next question is another client's.</summary>
    private bool Ask()
    {
        try
        {
            if (_client == 0) _client = RdKafka.NewClient(_config, configuration => RdKafka.SetLog(configuration, 0));
            if (RdKafka.CountBrokers(_client, AnswerTimeout) > 0) return true;
        }
        catch (InvalidOperationException)
        {
            // Settings that librdkafka refuses: the clients that do the work say which.
        }
        End();
        return false;
    }

    private void End()
    {
        if (_client != 0) RdKafka.DestroyClient(_client);
        _client = 0;
    }
}
