using Checkout.Servers;

namespace Checkout.Local.Demo;

/// <param name="PostedAt">When the post was sent, and <paramref name="EndedAt"/> when its client saw the end, by the
/// client's clock.</param>
internal sealed record Racer(string Customer, DateTime PostedAt, DateTime EndedAt, CheckoutSeen Checkout);

/// <summary>There is one Palm, and some customers who can pay for it post at the same moment.</summary>
internal sealed class PalmRace(RunningSystem system, Game game)
{
    public const string Sku = "palm";
    public const long PriceCoins = 500_000_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Of an earlier race's Palm another piece is delivered, so that there is one.</summary>
    public async Task OnePalmAsync(string delivery, CancellationToken stop)
    {
        if (await game.StockAsync(Sku, stop) is > 0) return;
        var file = Path.GetTempFileName();
        try
        {
            var delivered = $$"""[{ "sku": "{{Sku}}", "quantity": 1, "reference": "{{delivery}}" }]""";
            await File.WriteAllTextAsync(file, delivered, stop);
            await DemoData.RunAsync("Inventory", ["add-stock", file], system.Environments["inventory"], stop);
        }
        catch (ServerFailedException e)
        {
            throw new HttpRequestException(e.Message, e);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>All post at once; each follows its own checkout to its end.</summary>
    public Task<Racer[]> RunAsync(IEnumerable<string> customers, CancellationToken stop) =>
        Task.WhenAll(customers.Select(async customer =>
    {
        var postedAt = DateTime.UtcNow;
        var posted = await game.BuyAsync(customer, Sku, Sku, stop);
        var ended = await game.EndOfAsync(customer, posted.CheckoutId, Patience, stop);
        return new Racer(customer, postedAt, DateTime.UtcNow, ended);
    }));
}
