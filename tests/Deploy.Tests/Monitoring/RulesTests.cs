using System.Text.Json;
using Checkout.Deploy.Tests.Compose;
using Checkout.Fixtures;
using Xunit;
using YamlDotNet.Serialization;

namespace Checkout.Deploy.Tests.Monitoring;

/// <summary>The alerts of deploy/monitoring, as Prometheus' own checker judges them, and their runbooks.</summary>
public sealed class RulesTests
{
    private static readonly string[] Headings = ["Meaning", "Impact", "How to look", "How to mend", "When it is over"];

    private static readonly Rule[] Alerts =
        [.. Read<RuleFile>("rules.yml").Groups.SelectMany(group => group.Rules).Where(rule => rule.Alert is not null)];

    private static string Folder => Path.Combine(ComposeFile.Root, "deploy", "monitoring");

    [Fact]
    public async Task Each_fires_and_is_quiet_as_its_tests_say()
    {
        var (code, said) = await Promtool.RunAsync(["test", "rules", Path.Combine(Folder, "rules.test.yml")]);
        Assert.True(code == 0, said);
    }

    [Fact]
    public void Each_is_tested_to_fire_and_not_to_fire()
    {
        var tested = Read<TestFile>("rules.test.yml").Tests.SelectMany(test => test.AlertRuleTest).ToList();
        Assert.Empty(Names().Except(tested.Where(test => test.ExpAlerts.Count > 0).Select(test => test.Alertname)));
        Assert.Empty(Names().Except(tested.Where(test => test.ExpAlerts.Count == 0).Select(test => test.Alertname)));
    }

    [Fact]
    public void Each_waits_a_while_and_says_how_urgent_it_is_what_it_is_and_what_to_do()
    {
        Assert.InRange(Names().Count(), 8, 12);
        foreach (var alert in Alerts)
        {
            Assert.False(string.IsNullOrEmpty(alert.For), $"{alert.Alert} has no for.");
            Assert.Contains(alert.Labels["severity"], new[] { "page", "ticket" });
            Assert.NotEmpty(alert.Annotations["summary"]);
            Assert.Equal($"docs/runbooks/{alert.Alert}.md", alert.Annotations["runbook_url"]);
        }
    }

    [Fact]
    public void Each_has_a_runbook_and_no_runbook_is_left_over()
    {
        foreach (var name in Names())
        {
            var lines = ComposeFile.Text($"docs/runbooks/{name}.md").Split('\n');
            Assert.Equal($"# {name}", lines[0]);
            Assert.Equal(Headings, lines.Where(line => line.StartsWith("## ", StringComparison.Ordinal))
                .Select(line => line[3..]));
        }
        Assert.Equal(Names().Append("README").Order(), Directory.GetFiles(
            Path.Combine(ComposeFile.Root, "docs", "runbooks")).Select(Path.GetFileNameWithoutExtension).Order());
    }

    [Fact]
    public async Task What_compose_mounts_is_there_and_Prometheus_takes_its_configuration()
    {
        foreach (var service in new[] { "prometheus", "grafana" })
            foreach (var volume in ComposeFile.Read().Services[service].Volumes)
                Assert.True(Path.Exists(Path.Combine(ComposeFile.Root, volume.Split(':')[0])), volume);
        using var folder = new TestFolder("prometheus");
        File.Copy(Path.Combine(ComposeFile.Root, "deploy", "compose", "prometheus.yml"), folder["prometheus.yml"]);
        File.Copy(Path.Combine(Folder, "rules.yml"), folder["rules.yml"]);
        var (code, said) = await Promtool.RunAsync(["check", "config", folder["prometheus.yml"]]);
        Assert.True(code == 0, said);
    }

    [Fact]
    public async Task Every_expression_of_the_dashboard_is_one()
    {
        var dashboard = JsonDocument.Parse(await File.ReadAllTextAsync(
            Path.Combine(Folder, "grafana", "dashboards", "checkout.json"), TestContext.Current.CancellationToken));
        var rules = dashboard.RootElement.GetProperty("panels").EnumerateArray()
            .SelectMany(panel => panel.GetProperty("targets").EnumerateArray())
            .Select((target, i) => $"      - record: panel:{i}\n        expr: >-\n          "
                + target.GetProperty("expr").GetString()).ToList();
        Assert.True(rules.Count > 15);
        using var folder = new TestFolder("dashboard");
        await File.WriteAllTextAsync(folder["rules.yml"],
            "groups:\n  - name: panels\n    rules:\n" + string.Join('\n', rules),
            TestContext.Current.CancellationToken);
        var (code, said) = await Promtool.RunAsync(["check", "rules", folder["rules.yml"]]);
        Assert.True(code == 0, said);
    }

    private static IEnumerable<string> Names() => Alerts.Select(alert => alert.Alert!).Distinct();

    private static T Read<T>(string file) => new DeserializerBuilder()
        .WithNamingConvention(YamlDotNet.Serialization.NamingConventions.UnderscoredNamingConvention.Instance)
        .IgnoreUnmatchedProperties().Build().Deserialize<T>(File.ReadAllText(Path.Combine(Folder, file)));

    private sealed class RuleFile
    {
        public List<Group> Groups { get; set; } = [];
    }

    private sealed class Group
    {
        public List<Rule> Rules { get; set; } = [];
    }

    private sealed class Rule
    {
        public string? Alert { get; set; }
        public string? For { get; set; }
        public Dictionary<string, string> Labels { get; set; } = [];
        public Dictionary<string, string> Annotations { get; set; } = [];
    }

    private sealed class TestFile
    {
        public List<Test> Tests { get; set; } = [];
    }

    private sealed class Test
    {
        public List<AlertTest> AlertRuleTest { get; set; } = [];
    }

    private sealed class AlertTest
    {
        public string Alertname { get; set; } = "";
        public List<object> ExpAlerts { get; set; } = [];
    }
}
