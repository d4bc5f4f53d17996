using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace Checkout.Deploy.Tests.Compose;

/// <summary>What images are built from. No engine builds them here.</summary>
public sealed partial class ImagesTests
{
    private static readonly string[] Processes = ["Store", "Balance", "Inventory", "LogTailer", "Observer"];

    [Fact]
    public void One_stage_publishes_every_process_that_the_compose_file_builds()
    {
        Assert.Single(Publish().Matches(Images.Dockerfile));
        Assert.Equal(Processes, Publish().Match(Images.Dockerfile).Groups[1].Value.Split(' '));
        Assert.Equal(Processes.ToDictionary(name => name.ToLowerInvariant(), name => $"Checkout.{name}.dll"),
            Images.EntryPoints());
        Assert.Equal(Images.EntryPoints().Keys.Order(), ComposeFile.Read().Built.Select(s => s.Target!).Order());
    }

    [Fact]
    public void Packages_are_restored_as_locked_from_the_project_files_alone()
    {
        Assert.Matches("dotnet restore .* --locked-mode ", Images.Dockerfile);
        Assert.Matches("dotnet publish .* --no-restore ", Images.Dockerfile);
        var beforeRestore = Images.Copies.TakeWhile(copy => copy.From is not ["contracts"])
            .SelectMany(copy => copy.From.Select(from => copy.To == "./"
                ? from : Path.Combine(copy.To, Path.GetFileName(from)))).ToHashSet();
        foreach (var process in Processes)
            foreach (var project in Images.Closure($"services/{process}/{process}.csproj"))
            {
                Assert.Contains(project, beforeRestore);
                Assert.Contains(Path.Combine(Path.GetDirectoryName(project)!, "packages.lock.json"), beforeRestore);
            }
        foreach (var file in new[] { "global.json", "Directory.Build.props", "Directory.Packages.props",
            "services/Directory.Build.props" })
            Assert.Contains(file, beforeRestore);
        Assert.All(Images.Copies.SelectMany(copy => copy.From), path =>
            Assert.True(Path.Exists(Path.Combine(ComposeFile.Root, path)), path));
    }

    [Fact]
    public void The_context_holds_what_is_copied_and_no_document()
    {
        var rules = ComposeFile.Text(".dockerignore").Split('\n')
            .Where(line => line.Length > 0 && !line.StartsWith('#')).ToList();
        Assert.Equal("*", rules[0]);
        Assert.Equal(Images.Copies.SelectMany(copy => copy.From).Select(path => path.Split('/')[0]).Distinct().Order(),
            rules.Where(rule => rule.StartsWith('!')).Select(rule => rule[1..]).Order());
        Assert.Equal(["**/*.md", "**/bin", "**/obj"], rules.Skip(1).Where(rule => !rule.StartsWith('!')));
    }

    [Fact]
    public void The_images_are_of_the_version_that_the_repository_is_built_with()
    {
        var sdk = JsonDocument.Parse(ComposeFile.Text("global.json")).RootElement.GetProperty("sdk")
            .GetProperty("version").GetString()!;
        var version = string.Join('.', sdk.Split('.')[..2]);
        Assert.Equal([$"sdk:{version}", $"aspnet:{version}"],
            Base().Matches(Images.Dockerfile).Select(m => m.Groups[1].Value));
        Assert.Contains($"<TargetFramework>net{version}<", ComposeFile.Text("Directory.Build.props"),
            StringComparison.Ordinal);
    }

    [GeneratedRegex(@"for process in ([\w ]+); do\s+dotnet publish")]
    private static partial Regex Publish();

    [GeneratedRegex(@"^FROM mcr\.microsoft\.com/dotnet/(\S+)", RegexOptions.Multiline)]
    private static partial Regex Base();
}
