namespace Checkout.Chassis.Reactor;

/// <summary>Limits of the reactor loop.</summary>
public sealed class ReactorOptions
{
    /// <summary>The most records handled in one transaction; a batch is what Kafka has ready, up to this.</summary>
    public int MaxBatchRecords { get; set; } = 500;

    /// <summary>A batch is closed when its values have so many bytes.</summary>
    public int MaxBatchBytes { get; set; } = 8 * 1024 * 1024;

    public IEnumerable<string> Problems()
    {
        if (MaxBatchRecords is < 1 or > 10_000) yield return $"Reactor:MaxBatchRecords is {MaxBatchRecords}; give a number from 1 to 10000.";
        if (MaxBatchBytes < 1024) yield return $"Reactor:MaxBatchBytes is {MaxBatchBytes}; give at least 1024.";
    }
}
