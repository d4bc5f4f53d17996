using Xunit;

namespace Checkout.Observer.Tests;

/// <summary>Wrong settings are told before the process starts, each in a sentence that says what to change.</summary>
public sealed class ObserverOptionsTests
{
    [Fact]
    public void As_they_come_they_are_right() => Assert.Empty(new ObserverOptions().Problems(isDevelopment: false));

    [Theory]
    [InlineData("http://localhost:16686/trace", "give an address with {traceId} in it")]
    public void A_trace_address_without_a_place_for_the_trace_is_told(string url, string said) =>
        Assert.Contains(said, Assert.Single(new ObserverOptions { TraceUrl = url }.Problems(false)),
            StringComparison.Ordinal);

    [Fact]
    public void A_process_needs_a_name_of_its_own_and_an_address()
    {
        var options = new ObserverOptions
        {
            Processes =
            {
                new() { Name = "balance", Url = "http://balance:8081" },
                new() { Name = "balance", Url = "balance:8081" },
                new() { Url = "http://store:8081" },
            },
        };
        var said = string.Join('\n', options.Problems(false));
        Assert.Contains("Observer:Processes:1:Url is 'balance:8081'", said, StringComparison.Ordinal);
        Assert.Contains("Observer:Processes:2:Name is missing", said, StringComparison.Ordinal);
        Assert.Contains("names balance 2 times", said, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_signs_its_own_tokens_is_for_development()
    {
        var options = new ObserverOptions { DevelopmentKeyFile = "key.pem" };
        Assert.Empty(options.Problems(isDevelopment: true));
        Assert.Contains("give Observer:Token", Assert.Single(options.Problems(isDevelopment: false)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Times_that_would_never_come_are_told() => Assert.Equal(4, new ObserverOptions
    {
        AskInterval = TimeSpan.Zero,
        StuckAfter = TimeSpan.FromSeconds(-1),
        MissingAfter = TimeSpan.Zero,
        ClockTolerance = TimeSpan.FromSeconds(-1),
    }.Problems(false).Count());
}
