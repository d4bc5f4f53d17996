using System.Text.Json;
using Checkout.EndToEnd.Systems;
using Xunit;

namespace Checkout.EndToEnd.Storefront;

/// <summary>The page's reader of text/event-stream, in the browser that runs it.</summary>
[Collection(SharedSystem.Collection)]
public sealed class EventStreamTests(SharedSystem shared, Chromium chromium) : IClassFixture<Chromium>
{
    /// <summary>Reads a stream that comes in these chunks, and says what it heard.</summary>
    private const string Read =
        """
        async chunks => {
          const { messagesOf } = await import(document.querySelector("script[src]").src);
          const bytes = new TextEncoder();
          const stream = new ReadableStream({
            start(at) {
              for (const chunk of chunks)
                at.enqueue(typeof chunk === "string" ? bytes.encode(chunk) : Uint8Array.from(chunk));
              at.close();
            }
          });
          const read = [];
          for await (const { event, data, id } of messagesOf(stream)) read.push([event, data, id]);
          return JSON.stringify(read);
        }
        """;

    [Fact]
    public async Task Streams_are_read_as_the_standard_says()
    {
        await using var visit = await chromium.VisitAsync(shared.System);
        (string What, object[] Chunks, string[][] Read)[] cases =
        [
            ("one message", ["event: checkout\nid: 7\ndata: {}\n\n"], [["checkout", "{}", "7"]]),
            ("every line end", ["data: a\r\n\r\ndata: b\r\rdata: c\n\n"],
                [["message", "a", ""], ["message", "b", ""], ["message", "c", ""]]),
            ("a CRLF in two chunks", ["data: a\r", "\ndata: b\r", "\n\r", "\n"], [["message", "a\nb", ""]]),
            ("letter by letter", [.. "event: e\r\ndata: x\r\n\r\n".Select(c => c.ToString())], [["e", "x", ""]]),
            ("a character in two chunks", [new[] { 100, 97, 116, 97, 58, 32, 195 }, new[] { 164, 10, 10 }],
                [["message", "ä", ""]]),
            ("a byte order mark", ["\uFEFFdata: a\n\n"], [["message", "a", ""]]),
            ("several lines of data", ["data: a\ndata:b\ndata:  c\ndata\n\n"], [["message", "a\nb\n c\n", ""]]),
            ("comments and unknown fields", [": ping\n\nretry: 3\nfoo: bar\ndata: a\n:\n\n"], [["message", "a", ""]]),
            ("no message without data", ["event: e\nid: 1\n\ndata: a\n\n"], [["message", "a", "1"]]),
            ("an id stays, and one with NUL is none", ["id: 1\ndata: a\n\nid: \0\ndata: b\n\nid\ndata: c\n\n"],
                [["message", "a", "1"], ["message", "b", "1"], ["message", "c", ""]]),
            ("half a message is none", ["data: a\n\ndata: b\n"], [["message", "a", ""]]),
            ("nothing", [], []),
        ];
        foreach (var (what, chunks, expected) in cases)
        {
            var read = await visit.Page.EvaluateAsync<string>(Read, chunks);
            Assert.True(JsonSerializer.Serialize(JsonDocument.Parse(read)) == JsonSerializer.Serialize(expected),
                $"{what}: {read}");
        }
        visit.AssertNoFaults();
    }
}
