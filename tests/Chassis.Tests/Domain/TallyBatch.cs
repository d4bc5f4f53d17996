using Avro.Specific;
using Checkout.Chassis.Choreography;
using Dapper;
using Npgsql;

namespace Checkout.Chassis.Tests.Domain;

public abstract record TallyCommand(string Name);

public sealed record Add(string Name, long Number, string? Reference = null) : TallyCommand(Name);

public sealed record Confirm(string Name) : TallyCommand(Name);

/// <summary>The tallies of one transaction: numbers that are added up by name. DDL: Domain/9001_tallies.sql.</summary>
public sealed class TallyBatch : IStateBatch<TallyCommand>
{
    /// <summary>A decision about this number throws, unless the code is a newer one.</summary>
    public const long Unlucky = 13;

    /// <summary>A decision about this number makes an event that is too large.</summary>
    public const long Huge = 1_000_000;

    private readonly SortedSet<string> _names = new(StringComparer.Ordinal);
    private readonly HashSet<string> _references = [];
    private readonly HashSet<string> _new = [];
    private readonly HashSet<string> _changed = [];
    private readonly HashSet<string> _newReferences = [];

    public bool IsNewerCode { get; init; }

    public Dictionary<string, long> Totals { get; } = [];

    public void Need(TallyCommand command)
    {
        _names.Add(command.Name);
        if (command is Add { Reference: { } reference }) _references.Add(reference);
    }

    public void Need(ISpecificRecord happened) => _names.Add(((TestEvent)happened).Name);

    public async Task LoadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var names = _names.ToArray();
        foreach (var (name, total) in await connection.QueryAsync<(string, long)>(new CommandDefinition(
            "SELECT name, total FROM tallies WHERE name = ANY(@names) ORDER BY name FOR UPDATE", new { names }, cancellationToken: cancellation)))
            Totals[name] = total;
        if (_references.Count == 0) return;
        foreach (var reference in await connection.QueryAsync<string>(new CommandDefinition(
            "SELECT reference FROM tips WHERE reference = ANY(@references)", new { references = _references.ToArray() }, cancellationToken: cancellation)))
            _references.Remove(reference);
    }

    public IReadOnlyList<ISpecificRecord> Decide(TallyCommand command) => command switch
    {
        Add { Number: Unlucky } when !IsNewerCode => throw new ArgumentException("13 is not counted."),
        Add { Number: Huge } c => [new Counted { Name = new string('x', 1_000_000), Number = c.Number, Total = 0 }],
        Add { Reference: { } reference } when !_references.Remove(reference) => [],
        Add c => Added(c),
        Confirm c => Totals.ContainsKey(c.Name) ? [new Answered { Name = c.Name }] : throw new NotYetVisibleException($"The tally {c.Name}"),
        _ => throw new ArgumentOutOfRangeException(nameof(command)),
    };

    public void Evolve(ISpecificRecord happened)
    {
        if (happened is not Counted e) return;
        if (Totals.TryAdd(e.Name, 0)) _new.Add(e.Name);
        Totals[e.Name] += e.Number;
        _changed.Add(e.Name);
    }

    public async Task SaveAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await WriteAsync(connection, _new, "INSERT INTO tallies (name, total) SELECT * FROM unnest(@Names, @Totals)", cancellation);
        await WriteAsync(connection, _changed.Except(_new).ToList(),
            "UPDATE tallies SET total = t.total FROM unnest(@Names, @Totals) AS t(name, total) WHERE tallies.name = t.name", cancellation);
        if (_newReferences.Count > 0)
            await connection.ExecuteAsync(new CommandDefinition(
                "INSERT INTO tips SELECT unnest(@References)", new { References = _newReferences.ToArray() }, cancellationToken: cancellation));
    }

    private List<ISpecificRecord> Added(Add command)
    {
        if (command.Reference is { } reference) _newReferences.Add(reference);
        return [new Counted { Name = command.Name, Number = command.Number, Total = Totals.GetValueOrDefault(command.Name) + command.Number }];
    }

    private Task WriteAsync(NpgsqlConnection connection, IReadOnlyCollection<string> names, string sql, CancellationToken cancellation) =>
        names.Count == 0 ? Task.CompletedTask : connection.ExecuteAsync(
            new CommandDefinition(sql, new { Names = names.ToArray(), Totals = names.Select(n => Totals[n]).ToArray() }, cancellationToken: cancellation));
}
