namespace Checkout.Servers;

/// <summary>
/// Java's archive of the classes that a Kafka has loaded, beside the <see cref="PreparedFolder"/>s: with it a start
/// takes 1.5 s of CPU in place of 3 (4.3.1 on Java 17). A JVM leaves it when it ends, which costs that one 3 s.
/// </summary>
internal sealed class KafkaClasses
{
    private const int EndedByTerm = 128 + 15;

    private readonly string? _archive;
    private readonly string _started;
    private readonly bool _leaves;

    /// <param name="leaves">Whether this Kafka leaves the archive, where there is none yet.</param>
    public KafkaClasses(string home, string version, bool leaves)
    {
        // KAFKA_OPTS is split at blanks.
        _archive = PreparedFolder.PathFor("kafka-classes", home, version) is { } path && !path.Contains(' ') ? path
            : null;
        _started = $"{_archive}.started-{Guid.NewGuid():N}";
        _leaves = leaves;
    }

    /// <summary>For KAFKA_OPTS. A JVM that can't use the archive does without.</summary>
    public string? Option => _archive is null ? null
        : File.Exists(_archive) ? $"-XX:SharedArchiveFile={_archive}"
        : _leaves ? $"-XX:ArchiveClassesAtExit={_started}" : null;

    /// <summary>Only of a JVM that ended in order: one that was killed may have left half of it.</summary>
    public void KeepAfter(int exitCode)
    {
        if (!File.Exists(_started)) return;
        if (exitCode == EndedByTerm) File.Move(_started, _archive!, overwrite: true);
        else File.Delete(_started);
    }
}
