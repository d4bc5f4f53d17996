using System.Globalization;

namespace Checkout.Registry;

/// <summary>One version of a subject.</summary>
internal sealed record SubjectVersion(string Subject, int Version, int Id, SchemaText Schema);

/// <summary>
/// Subjects, their versions and levels. Ids are global: the same schema has the same id under every subject.
/// </summary>
internal sealed class SchemaStore : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<SubjectVersion> _all = [];
    private readonly Dictionary<string, List<SubjectVersion>> _subjects = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CompatibilityLevel> _levels = new(StringComparer.Ordinal);
    private readonly SchemaLog? _log;
    private CompatibilityLevel _globalLevel = CompatibilityLevel.FULL_TRANSITIVE;

    public SchemaStore(string? file)
    {
        if (file is null) return;
        _log = new(file);
        foreach (var entry in _log.Read()) Apply(entry);
    }

    public IReadOnlyList<string> Subjects(string prefix)
    {
        lock (_gate)
            return [.. _subjects.Keys.Where(subject => subject.StartsWith(prefix, StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)];
    }

    public IReadOnlyList<SubjectVersion> Versions(string subject)
    {
        lock (_gate)
            return _subjects.TryGetValue(subject, out var versions)
                ? [.. versions] : throw RegistryException.NoSubject(subject);
    }

    public SubjectVersion Version(string subject, string version)
    {
        var versions = Versions(subject);
        // -1 is an older name of latest, which some clients still send.
        if (version is "latest" or "-1") return versions[^1];
        if (!int.TryParse(version, CultureInfo.InvariantCulture, out var number) || number < 1)
            throw RegistryException.InvalidVersion(version);
        return versions.FirstOrDefault(found => found.Version == number) ?? throw RegistryException.NoVersion(version);
    }

    public SubjectVersion Find(string subject, SchemaText schema) =>
        Versions(subject).FirstOrDefault(found => found.Schema.Key == schema.Key) ?? throw RegistryException.NoSchema();

    /// <summary>Every subject and version a schema has, found by its id; never empty.</summary>
    public IReadOnlyList<SubjectVersion> ById(int id) => Where(found => found.Id == id);

    public IReadOnlyList<SubjectVersion> ByGuid(Guid guid) => Where(found => found.Schema.Guid == guid);

    /// <summary>The version this schema has already, or a new one if the subject's level allows it.</summary>
    public SubjectVersion Register(string subject, SchemaText schema)
    {
        lock (_gate)
        {
            var versions = _subjects.GetValueOrDefault(subject) ?? [];
            if (versions.Find(found => found.Schema.Key == schema.Key) is { } known) return known;
            var problems = EffectiveLevel(subject).Problems(schema, [.. versions.Select(version => version.Schema)]);
            if (problems.Count > 0) throw RegistryException.Incompatible(subject, problems);
            var twin = _all.Find(found => found.Schema.Key == schema.Key);
            var id = twin?.Id ?? _all.Select(found => found.Id).DefaultIfEmpty().Max() + 1;
            var added = new SubjectVersion(subject, versions.Count + 1, id, twin?.Schema ?? schema);
            _log?.Append(new(subject, added.Version, id, added.Schema.Text, null));
            Add(added);
            return added;
        }
    }

    /// <summary>What stands against this schema beside one version; beside "all", as the level has it.</summary>
    public List<string> Problems(string subject, string? version, SchemaText schema)
    {
        lock (_gate)
        {
            var versions = _subjects.GetValueOrDefault(subject) ?? [];
            // The contract: a subject without versions takes anything as its latest, but has no version 1 to compare
            // with.
            if (versions.Count == 0 && version is null or "latest" or "-1") return [];
            return EffectiveLevel(subject)
                .Problems(schema,
                    version is null ? [.. versions.Select(found => found.Schema)] : [Version(subject, version).Schema]);
        }
    }

    public CompatibilityLevel? Level(string? subject)
    {
        lock (_gate) return subject is null ? _globalLevel : _levels.TryGetValue(subject, out var level) ? level : null;
    }

    public void SetLevel(string? subject, CompatibilityLevel level)
    {
        lock (_gate)
        {
            _log?.Append(new(subject, null, null, null, level.ToString()));
            Keep(subject, level);
        }
    }

    public void Dispose() => _log?.Dispose();

    private CompatibilityLevel EffectiveLevel(string subject) =>
        _levels.TryGetValue(subject, out var level) ? level : _globalLevel;

    private List<SubjectVersion> Where(Predicate<SubjectVersion> condition)
    {
        lock (_gate)
            return _all.FindAll(condition) is { Count: > 0 } found ? found : throw RegistryException.NoSchema();
    }

    private void Apply(SchemaLog.Entry entry)
    {
        if (entry.Level is not null) Keep(entry.Subject, CompatibilityLevels.Parse(entry.Level));
        else Add(new(entry.Subject!, entry.Version!.Value, entry.Id!.Value, SchemaText.Parse(entry.Schema)));
    }

    private void Keep(string? subject, CompatibilityLevel level)
    {
        if (subject is null) _globalLevel = level;
        else _levels[subject] = level;
    }

    private void Add(SubjectVersion added)
    {
        _all.Add(added);
        if (!_subjects.TryGetValue(added.Subject, out var versions)) _subjects.Add(added.Subject, versions = []);
        versions.Add(added);
    }
}
