using Checkout.Chassis.Edge.Describing;
using Checkout.Observer.Asking;

namespace Checkout.Observer.Looking;

public sealed record ParkedOfTopic(
    [property: Field("The topic they came from.", Example = "store.checkouts")] string Topic,
    [property: Field("How many.", Example = 2)] long Count,
    [property: Field("Since when the oldest is parked.", Example = "2026-01-02T03:04:05.678901Z")] DateTime Oldest);

public sealed record TopicOfTailer(
    [property: Field("The topic; null before its store was read.", Example = "balance.accounts")] string? Topic,
    [property: Field("waiting, standby, healing, active or stopped.", Example = "active")] string State,
    [property: Field("Up to this position Kafka has everything; null from one that does not publish.", Example = 17)]
    long? Acknowledged,
    [property: Field("The store's last position.", Example = 17)] long? Head);

public sealed record ComparedRows(
    [property: Field("Up to this event they were compared.", Example = 17)] long Position,
    [property: Field("Since all of them were compared last, or since that began, when the service was asked.",
        Example = 4)] double AgeSeconds,
    [property: Field("The first that the events do not lead to, or that lacks; null where there is none.",
        Example = "accounts: the events lead to {\"coins\":500}, which the service does not have.")]
    string? Difference);

public sealed record ProcessAnswer(
    [property: Field("As the settings name it.", Example = "balance")] string Process,
    [property: Field("When it was asked.", Example = "2026-01-02T03:04:05.678901Z")] DateTime At,
    [property: Field("Why it did not answer; null where it did.", Example = "it does not answer within 2 s")]
    string? Problem,
    [property: Field("The store's last position, of a service.", Example = 17)] long? Head,
    [property: Field("What a service has parked.")] IReadOnlyList<ParkedOfTopic> Parked,
    [property: Field("How a service's rows compare with its events; null of a tailer, and where another instance "
        + "compares them.")] ComparedRows? Compared,
    [property: Field("What a tailer publishes.")] IReadOnlyList<TopicOfTailer> Topics);

public sealed record ProcessesAnswer(
    [property: Field("In the order of the settings.")] IReadOnlyList<ProcessAnswer> Processes);

/// <summary>What each process said last of how far it is.</summary>
internal static class ProcessList
{
    public static ProcessesAnswer Of(Processes processes) => new([.. processes.All.Select(asked => new ProcessAnswer(
        asked.Process, asked.At, asked.Problem, asked.Service?.Head.Position,
        [.. asked.Service?.Parked.Select(p => new ParkedOfTopic(p.Topic, p.Count, p.Oldest)) ?? []],
        Compared(asked), [.. asked.Stores.Select(s => new TopicOfTailer(s.Topic, s.State, s.Acknowledged, s.Head))]))]);

    /// <summary>Two machines' clocks: below 0 it is now.</summary>
    private static ComparedRows? Compared(Asked asked) => asked.Service?.Comparison is not { } comparison ? null
        : new(comparison.Position, Math.Max(0, (asked.At - comparison.At).TotalSeconds), comparison.Difference);
}
