using Checkout.EndToEnd.Systems;
using Checkout.Fixtures;
using Xunit;

[assembly: AssemblyFixture(typeof(LoadFixture))]

// Systems of many processes: two side by side fill two cores, of which one alone uses half. What has figures to say, or
// is to be answered in time, is in the collection Alone.
[assembly: CollectionBehavior(MaxParallelThreads = 2)]
[assembly: TestCollectionOrderer(typeof(LongestFirst))]
