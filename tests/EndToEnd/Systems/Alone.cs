using Xunit;

namespace Checkout.EndToEnd.Systems;

/// <summary>For tests whose figures say something only where no other system runs beside theirs.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
