using System.Diagnostics.Metrics;
using avatarstore.balance;
using avatarstore.inventory;
using avatarstore.store;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Inbox;
using Checkout.Chassis.Kafka;
using Checkout.Chassis.Telemetry;
using Checkout.Chassis.WireFormat;
using Checkout.Store.Checkouts.Admitting;
using Confluent.Kafka;

namespace Checkout.Store.Checkouts.Following;

/// <summary>
/// Hears what happens to all checkouts, on this instance, whichever of them handles it: Store's own topic and those it
/// reacts to, read without a group and no deeper than their headers. It wakes who follows a checkout, and counts what
/// is under way.
/// </summary>
public sealed class CheckoutFeed : BackgroundService
{
    /// <summary>A net for what the feed may miss; before a post is refused the database is asked anyway.</summary>
    private static readonly TimeSpan ReconcileInterval = TimeSpan.FromMinutes(1);

    private readonly Choreography<StoreRows> _choreography;
    private readonly DatabaseReady _database;
    private readonly Followers _followers;
    private readonly Admission _admission;
    private readonly Reconciling _reconciling;
    private readonly TimeProvider _time;
    private readonly GrouplessReader _reader;
    /// <summary>Store's last position on each partition: a topic that is made whole has some again.</summary>
    private readonly Dictionary<int, long> _newest = [];
    /// <summary>Some twenty names, for which each record brings a text of its own.</summary>
    private readonly Dictionary<string, string> _names = [];

    public CheckoutFeed(Choreography<StoreRows> choreography, DatabaseReady database, Followers followers,
        Admission admission, Reconciling reconciling, KafkaOptions kafka, IMeterFactory meters, TimeProvider time,
        ILogger<CheckoutFeed> logger)
    {
        (_choreography, _database, _followers, _admission, _reconciling, _time) =
            (choreography, database, followers, admission, reconciling, time);
        _reader = new(kafka, choreography.Service, [.. choreography.Read], Began, Came, time,
            logger);
        var meter = meters.Create(TelemetryNames.Chassis);
        meter.CreateObservableGauge("checkouts.followers", () => followers.Count, "{follower}",
            "Open streams and waiting requests.");
        meter.CreateObservableGauge("checkouts.feed.partitions", () => _reader.Partitions, "{partition}",
            "Partitions that wake them.");
        meter.CreateObservableGauge("checkouts.feed.behind", () => _reader.Behind, "{message}",
            "Records that brokers have and that have not woken anybody yet.");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await _database.Migrated.WaitAsync(stoppingToken);
            await Task.WhenAll(_reader.RunAsync(stoppingToken), ReconcileAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    private async Task ReconcileAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(ReconcileInterval, _time);
        while (await timer.WaitForNextTickAsync(stopping)) await _reconciling.KnowsAsync(TimeSpan.Zero, stopping);
    }

    /// <summary>What came to the topics before now is in the database, or will be said there.</summary>
    private void Began()
    {
        _newest.Clear();
        _followers.TellToLook();
        _ = _reconciling.KnowsAsync(TimeSpan.Zero, CancellationToken.None);
    }

    private void Came(ConsumeResult<byte[]?, byte[]?> consumed)
    {
        var record = Incoming.From(consumed);
        if (record.EventId is not { } eventId || record.OccurredAt is not { } at
            || record.Header(EventHeaders.Type) is not { } type
            || !Guid.TryParse(record.Header(EventHeaders.Correlation), out var checkoutId)) return;
        var isOwn = record.Topic == _choreography.Topic;
        var source = record.Header(EventHeaders.Source) ?? record.Topic;
        var step = new Step(eventId, Known(type), Known(source), at, isOwn);
        _followers.Tell(checkoutId, new(step,
            Guid.TryParse(record.Header(EventHeaders.Causation), out var cause) ? cause : null));
        if (isOwn && IsNew(record)) Count(checkoutId, step.Name);
    }

    private void Count(Guid checkoutId, string name)
    {
        var now = _time.GetUtcNow().UtcDateTime;
        switch (name)
        {
            case nameof(CheckoutCreated):
                _admission.Begin(checkoutId);
                break;
            // Whether a refund is due is in the record's value; what led to it was heard before, as a rule.
            case nameof(CheckoutFailed) when _followers.Lately(checkoutId)
                .Any(step => step.Name is nameof(AssignmentRejected) or nameof(BalanceRefunded)):
                _admission.Pass(checkoutId, now);
                break;
            case nameof(CheckoutCompleted) or nameof(CheckoutFailed) or nameof(CheckoutRefunded):
                _admission.End(checkoutId, now);
                break;
        }
    }

    private bool IsNew(Incoming record)
    {
        if (!record.HasChain || record.Position <= _newest.GetValueOrDefault(record.Partition)) return false;
        _newest[record.Partition] = record.Position;
        return true;
    }

    private string Known(string name)
    {
        if (_names.TryGetValue(name, out var known)) return known;
        if (_names.Count < 100) _names[name] = name;
        return name;
    }
}
