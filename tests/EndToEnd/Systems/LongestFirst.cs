using Checkout.EndToEnd.Monitoring;
using Checkout.EndToEnd.Observing;
using Checkout.EndToEnd.Programs;
using Checkout.EndToEnd.Restarts;
using Checkout.EndToEnd.Steps;
using Xunit.Sdk;
using Xunit.v3;

namespace Checkout.EndToEnd.Systems;

/// <summary>
/// What takes minutes begins first, or it runs alone at the end while half of the machine has nothing to do. Without
/// this the order follows from the folder that the tests were built in.
/// </summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] Longest =
    [
        SharedSystem.Collection,
        .. new[]
        {
            typeof(AlertTests), typeof(LocalProgramTests), typeof(AddingAStepTests), typeof(RestartTests),
            typeof(RefilledStoreTests), typeof(ObserverTests),
        }.Select(type => $"{type.FullName} "),
    ];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(
        IReadOnlyCollection<TTestCollection> testCollections) where TTestCollection : ITestCollection =>
        [.. testCollections.OrderBy(Place).ThenBy(of => of.TestCollectionDisplayName, StringComparer.Ordinal)];

    /// <summary>A class without a collection is one by itself, and its name is in the collection's.</summary>
    private static int Place<TTestCollection>(TTestCollection of) where TTestCollection : ITestCollection =>
        Array.FindIndex(Longest, name => $"{of.TestCollectionDisplayName} ".Contains(name, StringComparison.Ordinal))
            is var place and >= 0 ? place : Longest.Length;
}
