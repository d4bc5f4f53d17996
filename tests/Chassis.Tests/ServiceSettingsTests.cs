using Microsoft.Extensions.Configuration;
using Xunit;

namespace Checkout.Chassis.Tests;

public sealed class ServiceSettingsTests
{
    private static readonly Dictionary<string, string?> Right = new()
    {
        ["Database:ConnectionString"] = "Host=localhost;Database=store",
        ["Kafka:BootstrapServers"] = "localhost:9092",
        ["Registry:Url"] = "http://localhost:8081",
    };

    [Fact]
    public void Settings_that_are_right_have_no_problems() => Assert.Empty(ProblemsOf([]));

    [Theory]
    [InlineData("Database:ConnectionString", null,
        "Database:ConnectionString is missing; give one such as Host=localhost")]
    [InlineData("Database:ConnectionString", "Host=localhost",
        "Database:ConnectionString can't be used: it names no Database.")]
    [InlineData("Database:ConnectionString", "Hots=localhost",
        "Database:ConnectionString can't be used: Couldn't set hots")]
    [InlineData("Kafka:BootstrapServers", null,
        "Kafka:BootstrapServers is missing; give the brokers' addresses as host:port,host:port.")]
    [InlineData("Kafka:Client:sasl.mechnism", "PLAIN",
        "Kafka:Client can't be used: No such configuration property: \"sasl.mechnism\"")]
    [InlineData("Kafka:Client:security.protocol", "sometimes", "Kafka:Client can't be used: Invalid value")]
    [InlineData("Registry:Url", null, "Registry:Url is missing: give the address of the schema registry")]
    [InlineData("Registry:Url", "localhost", "Registry:Url is 'localhost', which is not an http or https address")]
    [InlineData("EventStore:Partitions", "0", "EventStore:Partitions is 0; give a number from 1 to 1000")]
    [InlineData("EventStore:MaxEventBytes", "1000", "EventStore:MaxEventBytes is 1000; give at least 4096")]
    [InlineData("EventStore:Shard", "-1", "EventStore:Shard is -1; give 0 or more.")]
    [InlineData("Reactor:MaxBatchRecords", "0", "Reactor:MaxBatchRecords is 0; give a number from 1 to 10000.")]
    [InlineData("Reactor:MaxBatchBytes", "10", "Reactor:MaxBatchBytes is 10; give at least 1024.")]
    [InlineData("Telemetry:OtlpEndpoint", "jaeger",
        "OTEL_EXPORTER_OTLP_ENDPOINT is 'jaeger'; give an absolute address")]
    public void A_missing_or_wrong_setting_is_told_by_a_sentence(string name, string? value, string sentence) =>
        Assert.StartsWith(sentence, Assert.Single(ProblemsOf(new() { [name] = value })), StringComparison.Ordinal);

    private static List<string> ProblemsOf(Dictionary<string, string?> changed)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(Right).AddInMemoryCollection(changed)
            .Build();
        return configuration.Get<ServiceSettings>()!.Problems().ToList();
    }
}
