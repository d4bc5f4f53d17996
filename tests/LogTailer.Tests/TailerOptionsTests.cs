using Xunit;

namespace Checkout.LogTailer.Tests;

public sealed class TailerOptionsTests
{
    [Theory]
    [InlineData("Host=db;Database=Shop-1", "Host=DB:5432;Database=shop_1", true)]
    [InlineData("Host=db;Database=shop_1", "Host=db;Port=6000;Database=shop_1", false)]
    [InlineData("Host=a,b;Database=shop_1", "Host=b:5432,a;Database=SHOP_1", true)]
    [InlineData("Host=db;Database=one", "Host=db;Database=two", false)]
    public void Two_stores_that_would_share_a_slot_are_told(string one, string two, bool shared)
    {
        var options = Options(new StoreOptions { Name = "one", ConnectionString = one },
            new() { Name = "two", ConnectionString = two });
        Assert.Equal(shared, options.Faults().Any(fault =>
            fault.StartsWith("Stores one and two would share the replication slot", StringComparison.Ordinal)));
        options.Stores[1].Slot = "a_slot_of_its_own";
        Assert.Empty(options.Faults());
    }

    [Theory]
    [InlineData("Shop")]
    [InlineData("")]
    [InlineData("a-b")]
    [InlineData("a234567890123456789012345678901234567890123456789012345678901234")]
    public void A_slot_is_named_as_PostgreSQL_takes_it(string slot)
    {
        var options =
            Options(new StoreOptions { Name = "one", ConnectionString = "Host=db;Database=one", Slot = slot });
        Assert.StartsWith("Stores:0:Slot is", Assert.Single(options.Faults()), StringComparison.Ordinal);
    }

    private static TailerOptions Options(params StoreOptions[] stores) => new()
    {
        Stores = [.. stores],
        Kafka = new() { BootstrapServers = "localhost:9092" },
        Registry = new() { Url = "http://localhost:8081" },
    };
}
