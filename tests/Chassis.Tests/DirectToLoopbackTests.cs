using System.Net;
using Xunit;

namespace Checkout.Chassis.Tests;

public sealed class DirectToLoopbackTests
{
    private static readonly Uri Proxy = new("http://proxy:3128");
    private readonly DirectToLoopback _proxy = new(new WebProxy(Proxy) { BypassList = [@"\.inside"] });

    [Theory]
    [InlineData("http://127.0.0.1:8081/subjects")]
    [InlineData("http://127.1.2.3")]
    [InlineData("http://localhost:4317")]
    [InlineData("https://[::1]:8081")]
    public void What_is_on_this_machine_is_asked_itself(string address)
    {
        Assert.True(_proxy.IsBypassed(new(address)));
        Assert.Null(_proxy.GetProxy(new(address)));
    }

    [Theory]
    [InlineData("http://registry:8081", false)]
    [InlineData("http://registry.inside:8081", true)]
    public void For_what_is_elsewhere_the_environment_decides(string address, bool isBypassed)
    {
        Assert.Equal(isBypassed, _proxy.IsBypassed(new(address)));
        Assert.Equal(isBypassed ? null : Proxy, _proxy.GetProxy(new(address)));
    }
}
