using Checkout.Chassis.Edge;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Checkout.Chassis.Tests.Edge;

/// <summary>RFC 7240, as far as wait.</summary>
public sealed class PreferencesTests
{
    [Theory]
    [InlineData(5, "wait=5")]
    [InlineData(5, "WAIT=5")]
    [InlineData(5, "respond-async, wait=5")]
    [InlineData(5, "respond-async,wait = 5 ; strict")]
    [InlineData(5, "wait=\"5\"")]
    [InlineData(5, "handling=\"a, wait=9; b\\\", wait=8\", wait=5")]
    [InlineData(5, "wait=5, wait=9")]
    [InlineData(5, "return=minimal", "wait=5")]
    [InlineData(0, "wait=0")]
    [InlineData(30, "wait=31")]
    [InlineData(30, "wait=999999999")]
    public void A_preference_to_wait_is_found_among_others(int seconds, params string[] headers) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), Preferences.Wait(Request(headers)));

    [Theory]
    [InlineData("")]
    [InlineData("respond-async")]
    [InlineData("waiting=5")]
    [InlineData("wait")]
    [InlineData("wait=")]
    [InlineData("wait=-5")]
    [InlineData("wait=+5")]
    [InlineData("wait=1.5")]
    [InlineData("wait=5s")]
    [InlineData("wait=\u0665")]
    [InlineData("wait=10000000000")]
    [InlineData("wait=soon, wait=5")]
    [InlineData("handling=\"wait=5")]
    [InlineData("handling=x; wait=5")]
    [InlineData(";=,\",=;")]
    public void What_is_no_such_preference_is_ignored(string header) =>
        Assert.Null(Preferences.Wait(Request(header)));

    [Fact]
    public void The_answer_says_how_long_was_waited_for()
    {
        var response = new DefaultHttpContext().Response;
        Preferences.Applied(response, TimeSpan.FromSeconds(30));
        Assert.Equal("wait=30", response.Headers["Preference-Applied"]);
    }

    private static HttpRequest Request(params string[] headers)
    {
        var request = new DefaultHttpContext().Request;
        request.Headers["Prefer"] = headers;
        return request;
    }
}
