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
    [InlineData("Kafka:Properties:sasl.mechnism", "PLAIN",
        "Kafka:Properties can't be used: No such configuration property: \"sasl.mechnism\"")]
    [InlineData("Kafka:Properties:security.protocol", "sometimes", "Kafka:Properties can't be used: Invalid value")]
    [InlineData("Registry:Url", null, "Registry:Url is missing: give the address of the schema registry")]
    [InlineData("Registry:Url", "localhost", "Registry:Url is 'localhost', which is not an http or https address")]
    [InlineData("EventStore:Partitions", "0", "EventStore:Partitions is 0; give a number from 1 to 1000")]
    [InlineData("EventStore:MaxEventBytes", "1000", "EventStore:MaxEventBytes is 1000; give at least 4096")]
    [InlineData("EventStore:Shard", "-1", "EventStore:Shard is -1; give 0 or more.")]
    [InlineData("Reactor:MaxBatchRecords", "0", "Reactor:MaxBatchRecords is 0; give a number from 1 to 10000.")]
    [InlineData("Reactor:MaxBatchBytes", "10", "Reactor:MaxBatchBytes is 10; give at least 1024.")]
    public void A_missing_or_wrong_setting_is_told_by_a_sentence(string name, string? value, string sentence) =>
        Assert.StartsWith(sentence, Assert.Single(ProblemsOf(new() { [name] = value })), StringComparison.Ordinal);

    [Theory]
    [InlineData("Kafka:BootstrapServer", "The setting Kafka:BootstrapServer is not known: Kafka:BootstrapServers is, "
        + "and must be meant.")]
    [InlineData("Reactor:MaxBatchRecord", "The setting Reactor:MaxBatchRecord is not known: "
        + "Reactor:MaxBatchRecords is")]
    [InlineData("REGISTRY:TLS:CALOCATIO", "The setting REGISTRY:TLS:CALOCATIO is not known: "
        + "REGISTRY:TLS:CaLocation is")]
    [InlineData("Kafka:Client:security.protocol", "The setting Kafka:Client:security.protocol is not known: "
        + "Kafka:Properties:security.protocol is, and must be meant.")]
    [InlineData("EventStore:Compression", "The setting EventStore:Compression is not known: below EventStore are "
        + "Partitions, Shard, MaxEventBytes.")]
    [InlineData("Edge:AllowedOrigins", "The setting Edge:AllowedOrigins is a list: give each of it as "
        + "Edge:AllowedOrigins:0 and so on.")]
    [InlineData("Kafka:InMemory:0", "The setting Kafka:InMemory:0 is not known: Kafka:InMemory is one value, with "
        + "nothing below it.")]
    public void A_setting_that_nobody_reads_is_refused_with_the_nearest_that_somebody_does(string name,
        string sentence) => Assert.StartsWith(sentence, Assert.Single(ProblemsOf(new() { [name] = "ssl" })),
            StringComparison.Ordinal);

    [Fact]
    public void What_else_is_in_an_environment_is_nobodys_business() => Assert.Empty(ProblemsOf(new()
    {
        ["KAFKA_PORT_9092_TCP"] = "tcp://10.0.0.1:9092",
        ["Kafkas:BootstrapServer"] = "elsewhere",
        ["Kafka"] = "a",
    }));

    [Theory]
    [InlineData("security_protocol", "ssl")]
    [InlineData("SECURITY_PROTOCOL", "ssl")]
    [InlineData("security.protocol", "ssl")]
    public void A_property_of_Kafkas_client_may_be_written_as_a_shell_can_export_it(string name, string value)
    {
        var options = new Chassis.Kafka.KafkaOptions { Properties = { [name] = value } };
        Assert.Equal(Confluent.Kafka.SecurityProtocol.Ssl, options.Admin().SecurityProtocol);
    }

    [Theory]
    [InlineData("dr_cb")]
    [InlineData("security_protocl")]
    public void A_property_that_has_its_underscore_from_librdkafka_or_is_none_keeps_its_name(string name) =>
        Assert.Equal(name, Assert.Single(Chassis.Kafka.KafkaProperties.Named([new(name, "x")])).Key);

    private static List<string> ProblemsOf(Dictionary<string, string?> changed)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(Right).AddInMemoryCollection(changed)
            .Build();
        return [.. Settings.Read<ServiceSettings>(configuration, settings => settings.Problems()).Problems];
    }
}
