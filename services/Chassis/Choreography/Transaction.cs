using Checkout.Chassis.EventStore;
using Checkout.Chassis.State;
using Npgsql;

namespace Checkout.Chassis.Choreography;

/// <summary>
/// One transaction of a service, in two round trips: one locks and reads everything, one writes everything, appends the
/// events and commits. What is added to Reads runs before the rows are read, what is added to Writes after they are
/// written, and the head of the store is locked last.
/// </summary>
/// <param name="schema">Where the rows are; null for where all of the store is.</param>
/// <param name="committed">Told of each step that was decided, once it is committed.</param>
/// <param name="hold">Knows where the store was seen to end; null where nobody looks.</param>
public sealed class Transaction<TRows>(Choreography<TRows> choreography, int maxEventBytes, NpgsqlConnection connection,
    DateTime now, string? schema = null, StepCommitted<TRows>? committed = null, StoreHold? hold = null)
{
    private readonly Decisions<TRows> _decisions = new(choreography, maxEventBytes);
    private readonly List<NewEvent> _appended = [];
    private readonly List<Work<TRows>> _decided = [];
    private readonly Rows _declared = new();
    private readonly int _history = hold?.Histories ?? 0;
    private bool _isBegun;
    private long _end;

    /// <summary>When it began, UTC, as fine as an event keeps it.</summary>
    public DateTime Now => now;

    public RoundTrip Reads { get; private set; } = new();

    public RoundTrip Writes { get; } = new();

    /// <summary>The rows of state; loaded by LoadAsync.</summary>
    public TRows Rows { get; private set; } = default!;

    /// <summary>Sends what was added to Reads, where the rows to load depend on its answer.</summary>
    public async Task ReadAsync(CancellationToken cancellation)
    {
        var trip = new RoundTrip();
        var (end, seen) = (long.MaxValue, 0L);
        if (!_isBegun)
        {
            trip.Write("BEGIN");
            seen = hold?.Highest ?? 0;
            if (hold is not null) trip.Read("SELECT position FROM head", row => end = row.GetInt64(0));
        }
        trip.Add(Reads);
        (_isBegun, Reads) = (true, new());
        await trip.RunAsync(connection, cancellation);
        hold?.MustReach(end, seen, _history);
    }

    /// <summary>Sends what was added to Reads, and loads the rows that these steps are about.</summary>
    public async Task LoadAsync(IEnumerable<object> steps, CancellationToken cancellation)
    {
        Rows = choreography.RowsOf(_declared);
        foreach (var step in steps) _declared.Ask(step);
        _declared.LoadFrom(new PostgresRows(Reads, schema));
        await ReadAsync(cancellation);
    }

    /// <summary>The same, for the steps of these, whose events may be in the store already.</summary>
    public Task LoadForAsync(IReadOnlyCollection<Work<TRows>> works, CancellationToken cancellation)
    {
        Answers.Ask(Reads, works);
        return LoadAsync(works.Select(work => work.Step), cancellation);
    }

    /// <summary>
    /// Decides a step on the loaded rows. Its events are appended at the commit; Events or Fault of the work is set.
    /// </summary>
    public void Decide(Work<TRows> work)
    {
        _appended.AddRange(_decisions.Run(_declared, Rows, work, now));
        _decided.Add(work);
    }

    /// <summary>Applies an event that already happened.</summary>
    public void Apply(Avro.Specific.ISpecificRecord happened) => choreography.Describe(happened).Change(Rows, happened);

    public async Task CommitAsync(CancellationToken cancellation)
    {
        await EndAsync("COMMIT", cancellation);
        hold?.Saw(_end, _history);
        if (committed is null) return;
        foreach (var work in _decided) committed(Rows, work);
    }

    /// <summary>
    /// Writes all the same as a commit, so that the database says what it does not take, and takes it back.
    /// </summary>
    public Task RollBackAsync(CancellationToken cancellation) => EndAsync("ROLLBACK", cancellation);

    private async Task EndAsync(string end, CancellationToken cancellation)
    {
        var trip = new RoundTrip();
        _declared.SaveTo(new PostgresRows(trip, schema));
        trip.Add(Writes);
        EventLog.Append(trip, _appended, behind => _end = behind + _appended.Count);
        trip.Write(end);
        await trip.RunAsync(connection, cancellation);
    }
}
