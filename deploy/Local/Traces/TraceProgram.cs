using System.Globalization;
using Checkout.Local.Events;

namespace Checkout.Local.Traces;

/// <summary>The trace command: a checkout's trace as text, by the checkout's id or the trace's.</summary>
internal static class TraceProgram
{
    private const int TraceIdLength = 32;

    public static async Task<int> RunAsync(LocalOptions options, string id, CancellationToken stop)
    {
        var trace = id.Length == TraceIdLength && UInt128.TryParse(id, NumberStyles.AllowHexSpecifier,
            CultureInfo.InvariantCulture, out _) ? id.ToLowerInvariant() : null;
        if (trace is null && !Guid.TryParseExact(id, "D", out _))
            return await FailAsync($"{id} is neither a checkout's id nor a trace's: give the checkoutId that the "
                + "post's answer names, a UUID, or its traceId, 32 hexadecimal digits.");
        return await EventsProgram.OnStoresAsync(options, async stores =>
        {
            var kept = RunningSystem.Read(options.Folder)?.Traces;
            IReadOnlyList<StoredEvent> events = trace is null ? await stores.OfCheckoutAsync(Guid.Parse(id), stop)
                : await stores.OfTraceAsync(trace, stop);
            trace ??= events.Select(e => e.TraceId).FirstOrDefault(of => !string.IsNullOrEmpty(of));
            var spans = kept is not null && trace is not null ? await kept.OfAsync(trace, stop) : [];
            if (spans.Count + events.Count == 0)
                return await FailAsync($"No span and no event of {id} is kept in {options.Folder}. A trace is there a "
                    + "second after its last step.");
            foreach (var line in spans.Count > 0 ? TraceText.Of(trace!, spans) : TraceText.Of(events))
                Console.WriteLine(line);
            if (kept?.LinkTo(trace) is { } link && spans.Count > 0) Console.WriteLine($"\n{link}");
            return 0;
        }, stop);
    }

    private static async Task<int> FailAsync(string sentence)
    {
        await Console.Error.WriteLineAsync(sentence);
        return 1;
    }
}
