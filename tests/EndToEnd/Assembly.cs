using Xunit;

// Systems of many processes: one after another they are quicker than side by side, and their figures say something.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
