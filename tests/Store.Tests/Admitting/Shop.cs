using Checkout.Store.Checkouts;
using Checkout.Store.Checkouts.Admitting;

namespace Checkout.Store.Tests.Admitting;

/// <summary>A shop behind an edge: what is taken ends in its order, so many a second.</summary>
internal sealed class Shop(CheckoutOptions options)
{
    private const int TicksPerSecond = 100;

    private readonly Queue<Guid> _queue = new();
    private double _canEnd;

    public Admission Admission { get; } = new(options);

    public DateTime Now { get; private set; } = new(2026, 11, 26, 12, 0, 0, DateTimeKind.Utc);

    public int Taken { get; private set; }

    public int Refused { get; private set; }

    public int Ended { get; private set; }

    /// <summary>From post to end, the longest of those that were taken.</summary>
    public TimeSpan Longest { get; private set; }

    public Verdict Last { get; private set; }

    public int UnderWay => Admission.Look(Now).UnderWay;

    public int Stuck => Admission.Look(Now).Stuck;

    public TimeSpan Wait => Admission.Look(Now).Wait;

    public void Passes(double seconds) => Now += TimeSpan.FromSeconds(seconds);

    /// <summary>As the edge asks: and where it is shut, once more for a probe.</summary>
    public (Verdict Verdict, Guid Id) Post(bool isParked = false)
    {
        Last = Admission.Judge(Now);
        if (Last != Verdict.Open) Last = Admission.Judge(Now, asProbe: true);
        var id = Guid.CreateVersion7(new DateTimeOffset(Now));
        if (Last == Verdict.Open)
        {
            Taken++;
            Admission.Begin(id);
            if (!isParked) _queue.Enqueue(id);
        }
        else Refused++;
        return (Last, id);
    }

    public void End(Guid id) => Admission.End(id, Now);

    public void EndAll()
    {
        while (_queue.TryDequeue(out var id)) End(id);
    }

    public void Run(int seconds, int postsPerSecond, int endsPerSecond, Func<int, bool>? isParked = null)
    {
        var posts = 0.0;
        for (var (tick, post) = (0, 0); tick < seconds * TicksPerSecond; tick++)
        {
            Passes(1.0 / TicksPerSecond);
            for (posts += (double)postsPerSecond / TicksPerSecond; posts >= 1; posts--)
                Post(isParked?.Invoke(post++) == true);
            for (_canEnd += (double)endsPerSecond / TicksPerSecond; _canEnd >= 1; _canEnd--) EndOne();
        }
    }

    private void EndOne()
    {
        if (!_queue.TryDequeue(out var id)) return;
        Ended++;
        End(id);
        if (Now - PostedAt(id) is var took && took > Longest) Longest = took;
    }

    private static DateTime PostedAt(Guid id) => Checkouts.Admitting.UnderWay.TimeOf(id)!.Value;
}
