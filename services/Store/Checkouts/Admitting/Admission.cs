namespace Checkout.Store.Checkouts.Admitting;

public enum Verdict
{
    Open,

    /// <summary>Nothing ends: what is taken now would only wait.</summary>
    Standstill,

    /// <summary>More is under way than can end within the objective.</summary>
    Overload,
}

/// <summary>
/// Whether a post is taken. Two rules, and none of them a timer: what is under way says it.
/// <para>Standstill: the oldest of the queue has waited past the limit, and so has one for a moment that was posted
/// after that (a probe). One alone may be stuck on its own in a shop where nobody else buys; a probe that ends proves
/// it, and puts the frontier behind it. While shut, one post every few seconds is taken as the next probe.</para>
/// <para>Overload: while things end, what is under way is no more than what ends in a part of the objective, at the
/// rate at which things ended lately.</para>
/// </summary>
/// <remarks>Pure but for its lock: time comes from whoever asks.</remarks>
public sealed class Admission(CheckoutOptions options)
{
    /// <summary>
    /// What is taken waits for about this part of the objective; the rest is for a rate that sinks and what is uneven.
    /// </summary>
    private const double Part = 0.5;

    /// <summary>A checkout on a machine that is well takes milliseconds.</summary>
    public static readonly TimeSpan ProbePatience = TimeSpan.FromSeconds(2);

    /// <summary>What was suspected longer ago than this, and by nobody since, is suspected anew.</summary>
    private static readonly TimeSpan SuspicionLasts = TimeSpan.FromSeconds(10);

    /// <summary>While shut, so often one post is taken.</summary>
    public static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(3);

    /// <summary>Nothing ended for so long, and something waited for it: it stands.</summary>
    private static readonly TimeSpan StandsAfter = TimeSpan.FromSeconds(2);

    /// <summary>So long after there was too much a pause in what ends is taken for a part of that.</summary>
    private static readonly TimeSpan StaysOverloaded = TimeSpan.FromSeconds(10);

    /// <summary>So long after it stood the rate says nothing yet.</summary>
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(1);

    /// <summary>
    /// In objectives: what later ones have passed for so long is held up by something of its own. Not less, or what is
    /// late because there is too much would no more be counted, and more were taken.
    /// </summary>
    private const int StuckAfter = 2;

    private static readonly TimeSpan RateOver = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly UnderWay _underWay = new(StuckAfter * options.Objective);
    private double _endsPerSecond;
    private DateTime _endedAt = DateTime.MinValue;
    private DateTime _movesSince = DateTime.MinValue;
    private DateTime _probedAt = DateTime.MinValue;
    private DateTime _overloadedAt = DateTime.MinValue;
    private DateTime _suspectedFirst = DateTime.MinValue;
    private DateTime _suspectedLast = DateTime.MinValue;

    /// <summary>It is about to be written, or was.</summary>
    public void Begin(Guid id)
    {
        lock (_lock) _underWay.Begin(id);
    }

    /// <summary>A post came to nothing.</summary>
    public void TakeBack(Guid id)
    {
        lock (_lock) _underWay.End(id);
    }

    public void End(Guid id, DateTime now)
    {
        lock (_lock)
        {
            _underWay.End(id);
            _underWay.Pass(id, now);
            Count(now);
        }
    }

    /// <summary>It failed and the refund is due: it is under way, and did not wait in vain.</summary>
    public void Pass(Guid id, DateTime now)
    {
        lock (_lock)
        {
            _underWay.Pass(id, now);
            Count(now);
        }
    }

    public void BeginReconciling()
    {
        lock (_lock) _underWay.BeginReconciling();
    }

    public void Reconcile(IEnumerable<Guid> underWay, Guid? newestEnded, DateTime now)
    {
        lock (_lock) _underWay.Reconcile(underWay, newestEnded, now);
    }

    /// <summary>For a post, and nobody else: what is suspected begins with those who come.</summary>
    /// <param name="asProbe">Whether this post, where the shop is shut, would be the next probe.</param>
    public Verdict Judge(DateTime now, bool asProbe = false)
    {
        lock (_lock)
        {
            _underWay.Age(now);
            if (_underWay.Count >= options.MostUnderWay) return Verdict.Overload;
            var wait = Wait(now);
            if (wait > options.LongestQueue) return IsShut(now, asProbe) ? Verdict.Standstill : Verdict.Open;
            if (!IsTooMuch(now, wait)) return Verdict.Open;
            _overloadedAt = now;
            // Where nothing ends, those may be parked, and one that is not proves it.
            return asProbe && Stands(now, wait) && IsNextProbe(now) ? Verdict.Open : Verdict.Overload;
        }
    }

    public Figures Look(DateTime now)
    {
        lock (_lock)
        {
            _underWay.Age(now);
            return new(_underWay.Count, _underWay.Stuck, Wait(now), _endsPerSecond);
        }
    }

    private TimeSpan Wait(DateTime now) =>
        _underWay.Oldest is { } oldest && now - UnderWay.TimeOf(oldest) is { Ticks: > 0 } wait ? wait : TimeSpan.Zero;

    private bool IsShut(DateTime now, bool asProbe)
    {
        var limitPassed = UnderWay.TimeOf(_underWay.Oldest!.Value)!.Value + options.LongestQueue;
        if (_underWay.FirstAfter(limitPassed) is not { } probe || now - UnderWay.TimeOf(probe) <= ProbePatience)
            return false;
        // Where hardly anybody buys, that probe may be parked as well: those who come now are probes first.
        if ((now - _suspectedLast).Duration() > SuspicionLasts) _suspectedFirst = now;
        _suspectedLast = now;
        if (now - _suspectedFirst <= ProbePatience) return false;
        return !asProbe || !IsNextProbe(now);
    }

    private bool IsNextProbe(DateTime now)
    {
        if ((now - _probedAt).Duration() < ProbeInterval) return false;
        _probedAt = now;
        return true;
    }

    private bool Stands(DateTime now, TimeSpan wait) => wait > StandsAfter && now - _endedAt > StandsAfter;

    private bool IsTooMuch(DateTime now, TimeSpan wait)
    {
        // In a short outage all are taken; but where there was too much before, a machine that is short of breath is
        // none.
        if (Stands(now, wait) && (now - _overloadedAt).Duration() > StaysOverloaded) return false;
        var intended = Part * options.Objective;
        if (_underWay.Count <= _endsPerSecond * intended.TotalSeconds) return false;
        // How long the oldest waits says how slowly it goes on, where it does: something ended meanwhile.
        return _underWay.Count >= options.SurelyUnderWay
            || (wait > intended && now - _endedAt < intended / 2 && (now - _movesSince).Duration() > Recovery);
    }

    /// <summary>How many end in a second, of late: the older, the less it counts.</summary>
    private void Count(DateTime now)
    {
        var since = now - _endedAt;
        if (since > StandsAfter) _movesSince = now;
        // A clock that was set back is no time that passed.
        _endsPerSecond = _endsPerSecond * Math.Exp(-Math.Max(0, since.TotalSeconds) / RateOver.TotalSeconds)
            + 1 / RateOver.TotalSeconds;
        _endedAt = now;
    }
}

/// <param name="UnderWay">Those that are waited for.</param>
/// <param name="Stuck">Those that later ones have long passed.</param>
/// <param name="Wait">How long the oldest of the queue waits.</param>
public sealed record Figures(int UnderWay, int Stuck, TimeSpan Wait, double EndsPerSecond);
