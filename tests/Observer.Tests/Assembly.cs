using Checkout.Fixtures;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgresFixture))]
[assembly: AssemblyFixture(typeof(RegistryFixture))]
