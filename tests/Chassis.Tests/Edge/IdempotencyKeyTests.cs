using Checkout.Chassis.Edge;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Checkout.Chassis.Tests.Edge;

public sealed class IdempotencyKeyTests
{
    [Theory]
    [InlineData("\"abc\"", "abc")]
    [InlineData("abc", "abc")]
    [InlineData("  \"abc\"\t", "abc")]
    [InlineData("\"a;b, c\"", "a;b, c")]
    [InlineData("""
                "a\"b\\c"
                """, """
                     a"b\c
                     """)]
    [InlineData("8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324")]
    [InlineData("a+/=:@(b)", "a+/=:@(b)")]
    public void A_key_is_a_structured_string_or_bare(string sent, string key) =>
        Assert.Equal(key, IdempotencyKey.Of(Request(sent)));

    [Theory]
    [InlineData("\"abc", "closing quote is missing")]
    [InlineData("\"", "closing quote is missing")]
    [InlineData("""
                "\"
                """, "closing quote is missing")]
    [InlineData("""
                "a\
                """, "backslash")]
    [InlineData("""
                "a\n"
                """, "backslash")]
    [InlineData("\"a\";p=1", "no parameters")]
    [InlineData("\"a\", \"b\"", "follows its closing quote")]
    [InlineData("\"a\" b", "follows its closing quote (character 4)")]
    [InlineData("\"a\u0001\"", "U+0001 as character 3")]
    [InlineData("\"a\u007f\"", "U+007F as character 3")]
    [InlineData("\"\u00e4\"", "U+00E4 as character 2")]
    [InlineData("\"   \"", "nothing in it but spaces")]
    [InlineData("a,b", "U+002C as character 2")]
    [InlineData("a;p=1", "U+003B as character 2")]
    [InlineData("a b", "U+0020 as character 2")]
    [InlineData("ab\"", "U+0022 as character 3")]
    [InlineData("a\\b", "U+005C as character 2")]
    [InlineData("a\u0001", "U+0001 as character 2")]
    [InlineData("a\u007f", "U+007F as character 2")]
    [InlineData("\u00e4", "U+00E4 as character 1")]
    public void One_that_is_not_well_formed_is_refused_and_told_why(string sent, string why) =>
        AssertRefused(ProblemTypes.KeyMalformed, why, sent);

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData(null)]
    public void A_missing_one_is_called_missing(string? sent) =>
        AssertRefused(ProblemTypes.KeyMissing, "Send a header Idempotency-Key", sent);

    [Fact]
    public void An_empty_one_in_quotes_has_nothing_in_it() =>
        AssertRefused(ProblemTypes.KeyMalformed, "nothing in it", "\"\"");

    [Fact]
    public void One_that_is_too_long_is_told_so_and_not_that_it_is_missing()
    {
        var longest = new string('k', IdempotencyKey.MaxLength);
        Assert.Equal(longest, IdempotencyKey.Of(Request(longest)));
        Assert.Equal(longest, IdempotencyKey.Of(Request($"\"{longest}\"")));
        AssertRefused(ProblemTypes.KeyMalformed, "too long: 201", longest + "k");
        AssertRefused(ProblemTypes.KeyMalformed, "too long: 201", $"\"{longest}k\"");
    }

    [Fact]
    public void Two_keys_are_refused() => AssertRefused(ProblemTypes.HeaderSentTwice, "send it once", "a", "b");

    private static void AssertRefused(ProblemType type, string why, params string?[] sent)
    {
        var refused = Assert.Throws<RequestRefusedException>(() => IdempotencyKey.Of(Request(sent)));
        Assert.Equal((400, type), (refused.StatusCode, refused.Type));
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }

    private static HttpRequest Request(params string?[] sent)
    {
        var request = new DefaultHttpContext().Request;
        if (sent is not [null]) request.Headers[IdempotencyKey.Header] = sent;
        return request;
    }
}
