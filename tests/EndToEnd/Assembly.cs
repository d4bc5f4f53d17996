using Checkout.Fixtures;
using Xunit;

[assembly: AssemblyFixture(typeof(LoadFixture))]

// Systems of many processes: one after another they are quicker than side by side, and their figures say something.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
