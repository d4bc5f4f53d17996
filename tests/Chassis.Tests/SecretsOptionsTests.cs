using Checkout.Fixtures;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace Checkout.Chassis.Tests;

/// <summary>Secrets as files, and what is said where something is wrong with them.</summary>
public sealed class SecretsOptionsTests : IDisposable
{
    private const string Secret = """hunter2 ;'"\={}""";

    private readonly TestFolder _folder = new("secrets");

    [Theory]
    [InlineData("Secrets:Directory")]
    [InlineData(SecretsOptions.Variable)]
    public void Each_file_is_a_setting_and_wins(string named)
    {
        Write("Database__Password", Secret + "\n");
        Write("Kafka__Properties__sasl.password", Secret);
        Write("Registry__Password", Secret);
        var settings = Read(named, _folder.Path);
        Assert.Contains(@"Password=", settings.Database.Serving(), StringComparison.Ordinal);
        Assert.Equal(Secret, new Npgsql.NpgsqlConnectionStringBuilder(settings.Database.Serving()).Password);
        Assert.Equal(Secret, settings.Kafka.Properties["sasl.password"]);
        Assert.Equal(Secret, settings.Kafka.Consumer("group").SaslPassword);
        Assert.Equal(Secret, settings.Registry.Password);
    }

    [Fact]
    public void A_folder_that_is_not_there_is_said() => Assert.StartsWith(
        $"Secrets:Directory is {_folder["missing"]}, which can't be read",
        SecretsOptions.AddTo(Manager(SecretsOptions.Variable, _folder["missing"])), StringComparison.Ordinal);

    [Fact]
    public void A_file_that_is_no_setting_is_said_unless_it_has_no_section()
    {
        Write("ca.pem", "-----BEGIN CERTIFICATE-----");
        Write("Databse__Password", Secret);
        var manager = Manager(SecretsOptions.Variable, _folder.Path);
        Assert.Null(SecretsOptions.AddTo(manager));
        Assert.Equal("The setting Databse is not known: Database is, and must be meant.", Assert.Single(
            SettingArguments.Unknown(manager, KnownSettings.Names(typeof(ServiceSettings)))));
    }

    [Theory]
    [InlineData("Database:ConnectionString", "Host=db;Database=store;Password=hun;ter2")]
    [InlineData("Database:ConnectionString", "Host=db;Database=store;Password='hunter2")]
    [InlineData("Database:MigrationConnectionString", "Host=db;Database=store;Password=ter2;ter2=hunter2")]
    [InlineData("Database:Password:hunter2", "hunter2")]
    [InlineData("Kafka:Properties:sasl.pasword", "hunter2")]
    [InlineData("Kafka:Properties:ssl.key.pem", "hunter2")]
    [InlineData("Kafka:Properties:ssl.keystore.password", "hunter2")]
    [InlineData("Registry:Url", "http://user:hunter2@")]
    [InlineData("Registry:Url", "user:hunter2@registry")]
    [InlineData("Registry:Bearer:ClientSecret", "hunter2")]
    [InlineData("Registry:Properties:schema.registry.basic.auth.user.inf", "user:hunter2")]
    public void What_is_refused_is_said_without_any_part_of_a_secret(string name, string value)
    {
        var manager = Manager(name, value);
        var said = Settings.Read<ServiceSettings>(manager, settings => settings.Problems()).Problems
            .Concat(SettingArguments.Problems([$"--{name}={value}", "ter2", "-ter=hunter2"])).ToList();
        // The key below Database:Password is a name, not a value.
        Assert.DoesNotContain(said, sentence => sentence.Replace("Password:hunter2", "", StringComparison.Ordinal)
            .Contains("ter2", StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Dispose();

    private void Write(string name, string text) => File.WriteAllText(_folder[name], text);

    private static ServiceSettings Read(string name, string value)
    {
        var manager = Manager(name, value);
        manager["Kafka:Properties:sasl.password"] = "another";
        Assert.Null(SecretsOptions.AddTo(manager));
        return Settings.Read<ServiceSettings>(manager, _ => []).Settings;
    }

    private static ConfigurationManager Manager(string name, string value)
    {
        var manager = new ConfigurationManager();
        manager.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Database:ConnectionString"] = "Host=localhost;Database=store",
            ["Kafka:BootstrapServers"] = "localhost:9092",
            ["Registry:Url"] = "http://localhost:8081",
            [name] = value,
        });
        return manager;
    }
}
