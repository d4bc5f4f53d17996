using Checkout.Fixtures;
using Checkout.Servers;
using Xunit;

namespace Checkout.Deploy.Tests.Servers;

public sealed class KafkaHomeTests : IDisposable
{
    private readonly TestFolder _kafka = new("kafka-home");

    public KafkaHomeTests()
    {
        Directory.CreateDirectory(_kafka["bin"]);
        File.WriteAllText(Path.Combine(_kafka["bin"], "kafka-server-start.sh"), "");
    }

    [Fact]
    public void What_is_found_by_itself_serves_only_where_there_is_Java()
    {
        string[] usual = ["/is/not/there", _kafka.Path];
        Assert.Equal(_kafka.Path, KafkaHome.Find(null, usual, () => true, out var without));
        Assert.Null(without);
        Assert.Null(KafkaHome.Find("", usual, () => false, out without));
        Assert.Equal(_kafka.Path, without);
    }

    [Fact]
    public void What_is_given_is_meant_and_a_mistake_in_it_told()
    {
        Assert.Equal(_kafka.Path, KafkaHome.Find(_kafka.Path, [], () => false, out var without));
        Assert.Null(without);
        var error = Assert.Throws<ServerMissingException>(() => KafkaHome.Find("/is/not/there", [], () => true, out _));
        Assert.StartsWith("KAFKA_HOME is /is/not/there, but there is no", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _kafka.Dispose();
}
