using Checkout.Fixtures;
using Checkout.Servers;
using Xunit;

namespace Checkout.Deploy.Tests.Servers;

public sealed class JaegerHomeTests : IDisposable
{
    private const string Program = "jaeger-all-in-one";

    private readonly TestFolder _folder = new("jaeger");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("bin")]
    public void The_folder_that_is_named_wins_over_PATH(string below)
    {
        var path = Path.Combine(Directory.CreateDirectory(_folder[below]).FullName, Program);
        File.WriteAllText(path, "");
        Assert.Equal(path, JaegerHome.Find(_folder.Path, _ => "/elsewhere"));
    }

    [Fact]
    public void Without_one_it_is_looked_for_in_PATH()
    {
        Assert.Equal($"/usr/bin/{Program}", JaegerHome.Find(null, name => $"/usr/bin/{name}"));
        Assert.Null(JaegerHome.Find("", _ => null));
    }

    [Fact]
    public void A_folder_that_has_none_is_a_mistake_to_be_told() => Assert.StartsWith(
        $"{JaegerHome.Variable} is {_folder.Path}, but there is no {Program} in it",
        Assert.Throws<ServerMissingException>(() => JaegerHome.Find(_folder.Path, _ => "/elsewhere")).Message,
        StringComparison.Ordinal);
}
