using avatarstore.store;
using Avro;
using Avro.Specific;

namespace Checkout.Contracts.Tests;

/// <summary>The generated C# types, found by the full names of their schemas as Apache.Avro finds them.</summary>
internal static class Generated
{
    public static ISpecificRecord New(string fullname) => (ISpecificRecord)Activator.CreateInstance(TypeOf(fullname))!;

    public static Type TypeOf(string fullname) =>
        typeof(CheckoutCreated).Assembly.GetType(fullname, throwOnError: true)!;

    public static object Symbol(EnumSchema schema, int ordinal) =>
        Enum.Parse(TypeOf(schema.Fullname), schema.Symbols[ordinal]);
}
