using System.Net;
using System.Net.Sockets;
using Checkout.Servers;
using Xunit;

namespace Checkout.Deploy.Tests.Servers;

public sealed class PortsTests
{
    [Fact]
    public void Ports_given_out_are_free_below_the_ephemeral_range_and_never_given_twice()
    {
        var ports = Enumerable.Range(0, 50).AsParallel().Select(_ => Ports.Free()).ToList();
        Assert.Equal(50, ports.Distinct().Count());
        Assert.All(ports, port => Assert.InRange(port, 5100, 31000));
        Assert.All(ports, Bind);
    }

    [Fact]
    public void Several_ports_are_consecutive()
    {
        var first = Ports.Free(3);
        Assert.All([first, first + 1, first + 2], Bind);
        Assert.NotEqual(first + 1, Ports.Preferred(first + 1));
    }

    [Fact]
    public void A_preferred_port_is_given_if_it_is_free_else_another()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var taken = ((IPEndPoint)listener.LocalEndpoint).Port;
        Assert.NotEqual(taken, Ports.Preferred(taken));
        listener.Stop();
        Assert.Equal(taken, Ports.Preferred(taken));
        Assert.NotEqual(taken, Ports.Preferred(taken));
    }

    private static void Bind(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
    }
}
