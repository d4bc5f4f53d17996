using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Checkout.Store.Checkouts;

/// <summary>
/// A post as its event tells of it, so that it is known again where the database is not: nobody can read the client's
/// key in it, and no two customers' keys look the same. Permanent: what is hashed how is on the events.
/// </summary>
public static class PostHash
{
    public static string OfKey(string customerId, string idempotencyKey) => Of($"{customerId}\0{idempotencyKey}");

    /// <summary>Of the whole body, however it was written.</summary>
    public static string OfBody(string sku, long? expectedPriceCoins) =>
        Of($"{sku}\0{expectedPriceCoins?.ToString(CultureInfo.InvariantCulture)}");

    private static string Of(string text) => Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
