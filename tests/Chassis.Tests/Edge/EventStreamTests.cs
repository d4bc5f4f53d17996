using System.Net;
using System.Net.ServerSentEvents;
using System.Net.Sockets;
using System.Text;
using Checkout.Chassis.Edge;
using Checkout.Chassis.Tests.Running;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Checkout.Chassis.Tests.Edge;

/// <summary>A stream, as a client gets it.</summary>
public sealed class EventStreamTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Headers_and_a_comment_come_before_the_first_event()
    {
        var first = new TaskCompletionSource();
        await using var app = await StartAsync(async (stream, gone) =>
        {
            await first.Task;
            await stream.SendAsync("first", "1", new { Text = "two\nlines" }, gone);
        });
        using var http = new HttpClient { BaseAddress = app.Url, Timeout = Patience };
        using var answer = await http.GetAsync("/stream", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"),
            (answer.StatusCode, answer.Content.Headers.ContentType?.ToString()));
        Assert.Equal("no", Assert.Single(answer.Headers.GetValues("X-Accel-Buffering")));
        Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());
        Assert.Equal(": connected", await lines.ReadLineAsync().WaitAsync(Patience));
        first.SetResult();
        Assert.Equal("retry: 2000\n\nevent: first\nid: 1\ndata: {\"text\":\"two\\nlines\"}\n\n",
            await lines.ReadToEndAsync().WaitAsync(Patience));
    }

    [Fact]
    public async Task A_parser_of_others_reads_it()
    {
        await using var app = await StartAsync(async (stream, gone) =>
        {
            for (var i = 0; i < 3; i++)
            {
                await stream.SendAsync("step", $"id-{i}", new { Number = i }, gone);
                await stream.PingAsync(gone);
            }
        });
        using var http = new HttpClient { BaseAddress = app.Url, Timeout = Patience };
        var parser = SseParser.Create(await http.GetStreamAsync("/stream"));
        var items = new List<(string, string)>();
        await foreach (var item in parser.EnumerateAsync())
            items.Add((item.EventType, item.Data));
        Assert.Equal([("step", """{"number":0}"""), ("step", """{"number":1}"""), ("step", """{"number":2}""")], items);
        Assert.Equal(("id-2", TimeSpan.FromSeconds(2)), (parser.LastEventId, parser.ReconnectionInterval));
    }

    [Fact]
    public async Task A_client_that_is_gone_is_noticed_at_the_next_word()
    {
        var ended = new TaskCompletionSource();
        await using var app = await StartAsync(async (stream, gone) =>
        {
            try
            {
                while (true)
                {
                    await stream.PingAsync(gone);
                    await Task.Delay(10, gone);
                }
            }
            finally
            {
                ended.SetResult();
            }
        });
        using (var http = new HttpClient { BaseAddress = app.Url })
        using (await http.GetAsync("/stream", HttpCompletionOption.ResponseHeadersRead)) { }
        await ended.Task.WaitAsync(Patience);
        Assert.Equal(0, app.Lines.Count("rror"));
    }

    /// <summary>What waits for a client that reads nothing is what the server buffers, and no more.</summary>
    [Fact]
    public async Task A_client_that_takes_nothing_holds_its_stream_back()
    {
        const int messageBytes = 16 * 1024;
        var sent = 0;
        await using var app = await StartAsync(async (stream, gone) =>
        {
            var text = new string('x', messageBytes);
            for (; sent < 10_000; sent++) await stream.SendAsync("much", "id", text, gone);
        });
        using var client = new TcpClient { ReceiveBufferSize = 4_096 };
        await client.ConnectAsync(app.Url.Host, app.Url.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes("GET /stream HTTP/1.1\r\nHost: test\r\n\r\n"));
        var before = -1;
        await Fixtures.Eventually.Until(async () =>
        {
            before = sent;
            await Task.Delay(300);
            return sent > 0 && sent == before;
        }, "the stream stands", Patience);
        // Kernel buffers of both sides and the server's own, which is 64 KiB.
        Assert.InRange(sent * messageBytes, 0, 20 * 1024 * 1024);
    }

    [Theory]
    [InlineData("12", "12")]
    [InlineData(null)]
    [InlineData(null, "1", "2")]
    public void The_last_id_is_what_one_header_says(string? expected, params string[] headers)
    {
        var request = new DefaultHttpContext().Request;
        if (headers.Length > 0) request.Headers["Last-Event-ID"] = headers;
        Assert.Equal(expected, EventStream.LastEventId(request));
    }

    private static Task<EdgeApp> StartAsync(Func<EventStream, CancellationToken, Task> write) =>
        EdgeApp.StartAsync(app => app.MapGet("/stream", async (HttpContext http, CancellationToken gone) =>
        {
            var stream = new EventStream(http.Response);
            await stream.BeginAsync(gone);
            await write(stream, gone);
        }));
}
