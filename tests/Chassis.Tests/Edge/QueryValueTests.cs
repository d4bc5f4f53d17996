using Checkout.Chassis.Edge;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Checkout.Chassis.Tests.Edge;

public sealed class QueryValueTests
{
    [Theory]
    [InlineData("", null)]
    [InlineData("?other=7&LIMITS=2", null)]
    [InlineData("?limit=1", 1)]
    [InlineData("?limit=100&other=x", 100)]
    public void A_number_is_taken_where_it_is_said(string query, int? number) =>
        Assert.Equal(number, QueryValue.NumberOf(Request(query), "limit", least: 1, most: 100));

    [Theory]
    [InlineData("?limit=0")]
    [InlineData("?limit=101")]
    [InlineData("?limit=-1")]
    [InlineData("?limit=+1")]
    [InlineData("?limit=%201")]
    [InlineData("?limit=1.0")]
    [InlineData("?limit=1e1")]
    [InlineData("?limit=99999999999999999999")]
    [InlineData("?limit=1%00")]
    [InlineData("?limit=")]
    [InlineData("?limit")]
    public void What_is_no_number_in_bounds_is_told_the_bounds(string query) =>
        Assert.Contains("limit is no whole number from 1 to 100", Refusal(query).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("?limit=1&limit=1")]
    [InlineData("?limit=1&LIMIT=2")]
    public void A_parameter_may_come_once(string query) =>
        Assert.Contains("limit came 2 times", Refusal(query).Message, StringComparison.Ordinal);

    private static RequestRefusedException Refusal(string query)
    {
        var refused = Assert.Throws<RequestRefusedException>(() =>
            QueryValue.NumberOf(Request(query), "limit", least: 1, most: 100));
        Assert.Equal(ProblemTypes.QueryNotUnderstood, refused.Type);
        return refused;
    }

    private static HttpRequest Request(string query)
    {
        var request = new DefaultHttpContext().Request;
        request.QueryString = new(query);
        return request;
    }
}
