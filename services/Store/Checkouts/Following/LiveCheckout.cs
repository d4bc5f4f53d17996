using Checkout.Chassis.Edge;
using Checkout.Chassis.Resilience;

namespace Checkout.Store.Checkouts.Following;

/// <summary>
/// A checkout as it goes on. What another service told is taken from its record: whichever instance handles it, its row
/// may not be there yet. What Store told is read, since its commit came before its record.
/// </summary>
/// <param name="story">As it was read after it was followed.</param>
/// <param name="known">What a client was told before, perhaps by an instance that had heard more.</param>
internal sealed class LiveCheckout(CheckoutStory story, string? customerId, Follower follower, CheckoutQueries queries,
    StepsKnown known)
{
    /// <summary>Until the database is asked again that did not answer.</summary>
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(1);

    /// <summary>
    /// PostgreSQL writes a commit to its log before it shows it, so a record may be here first. Then the next heartbeat
    /// looks again.
    /// </summary>
    private static readonly int[] UntilVisibleMs = [5, 10, 20, 50, 100, 200, 500];

    private bool _hasToLook;

    public CheckoutStory Story { get; private set; } = story;

    /// <summary>Whether something came within this time that is not known yet; false is a heartbeat.</summary>
    /// <param name="waiting">Ends the wait, and no read.</param>
    /// <param name="reading">Ends reads.</param>
    public async Task<bool> ChangedAsync(TimeSpan heartbeat, CancellationToken waiting, CancellationToken reading)
    {
        var before = Story;
        var (heard, hasToLook) = await follower.WokenAsync(_hasToLook ? LookAgainAfter : heartbeat, waiting);
        var news = heard.Where(h => !Story.Knows(h.Step.EventId)).ToList();
        Story = Story.With(news.Select(h => h.Step).Where(step => !step.IsOwn));
        var own = news.Where(h => h.Step.IsOwn).Select(h => h.Step.EventId).ToList();
        if (hasToLook || _hasToLook || own.Count > 0 || news.Exists(h => IsBehindAnother(h)))
            await LookAsync(own, reading);
        return Story.Row != before.Row || Story.Steps.Count != before.Steps.Count;
    }

    /// <summary>What came before it was missed here, and is to be read.</summary>
    private bool IsBehindAnother(Heard heard) =>
        (heard.Cause is { } cause && !Story.Knows(cause)) || known.IsAheadOf(Story);

    private async Task LookAsync(IReadOnlyCollection<Guid> untilKnown, CancellationToken reading)
    {
        _hasToLook = false;
        try
        {
            for (var attempt = 0; ; attempt++)
            {
                if (await queries.StoryAsync(Story.CheckoutId, customerId, reading).InTimeAsync(reading) is { } read)
                    Story = read.With(Story.Steps.Where(step => !step.IsOwn));
                if (untilKnown.All(Story.Knows) || attempt == UntilVisibleMs.Length) return;
                await Task.Delay(UntilVisibleMs[attempt], reading);
            }
        }
        catch (Exception e) when (Outage.IsNobodysFault(e))
        {
            _hasToLook = true;
        }
    }
}
