using Checkout.Servers;

namespace Checkout.Local;

/// <summary>A schema registry that somebody else runs.</summary>
internal static class GivenRegistry
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Whatever it answers, somebody is there; what it does not like of us the tailer's log and health will say.
    /// </summary>
    /// <exception cref="ServerFailedException">Nobody answers there.</exception>
    public static async Task RequireAsync(string url, CancellationToken cancellation)
    {
        using var http = new HttpClient { Timeout = Patience };
        try
        {
            using var answer = await http.GetAsync($"{url.TrimEnd('/')}/subjects", cancellation);
        }
        catch (Exception e) when (e is HttpRequestException
            or TaskCanceledException && !cancellation.IsCancellationRequested)
        {
            throw new ServerFailedException(
                $"No schema registry answers at {url} ({e.Message}): give the address of one that runs.", e);
        }
    }
}
