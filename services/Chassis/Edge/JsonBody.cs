using System.Buffers;
using System.Text;
using Checkout.Chassis.Entrance;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace Checkout.Chassis.Edge;

/// <summary>The body of a request: a small JSON object in UTF-8.</summary>
public static class JsonBody
{
    public const int MaxBytes = 16 * 1024;

    /// <summary>As long as a client may take to send one.</summary>
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(10);

    /// <exception cref="RequestRefusedException">It is no such object; 400, 413 or 415.</exception>
    public static async Task<T> ReadAsync<T>(HttpRequest request, CancellationToken cancellation)
    {
        if (request.HttpContext.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false })
            throw ProblemTypes.BodyNotUnderstood.Refused("The request has no body; send a JSON object.");
        RequireJson(request);
        var bytes = await BytesAsync(request, cancellation);
        try
        {
            return StrictJson.Read<T>(bytes.AsMemory(bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble)
                ? Encoding.UTF8.Preamble.Length : 0));
        }
        catch (FormatException e)
        {
            throw ProblemTypes.BodyNotUnderstood.Refused($"The body can't be taken: {e.Message}");
        }
    }

    private static async Task<byte[]> BytesAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (request.ContentLength > MaxBytes) throw TooLarge();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Within);
        try
        {
            var read = await request.BodyReader.ReadAtLeastAsync(MaxBytes + 1, patience.Token);
            if (read.Buffer.Length > MaxBytes) throw TooLarge();
            var bytes = read.Buffer.ToArray();
            request.BodyReader.AdvanceTo(read.Buffer.End);
            return bytes;
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            // In chunks, it may pass the server's own limit first.
            throw TooLarge();
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw ProblemTypes.RequestTimeout.Refused(
                $"The body was not here within {Within.TotalSeconds} s. Send it again, under the same key.");
        }
    }

    private static void RequireJson(HttpRequest request)
    {
        if (!request.HasJsonContentType())
            throw ProblemTypes.NotJson.Refused("Send the body as application/json.");
        // JSON is UTF-8 (RFC 8259, section 8.1); any other name is a mistake, or one of nothing.
        if (MediaTypeHeaderValue.TryParse(request.ContentType, out var type) && type.Charset.HasValue
            && !HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase))
            throw ProblemTypes.NotJson.Refused(
                "The Content-Type names another charset than utf-8; JSON has no other.");
    }

    private static RequestRefusedException TooLarge() =>
        ProblemTypes.BodyTooLarge.Refused($"The body has more than {MaxBytes} bytes.");
}
