using System.Globalization;

namespace Checkout.Chassis.Registry;

/// <summary>What a record says it was written with: the id that a registry gave, or the GUID of its text.</summary>
public readonly record struct WriterSchemaId(int? Id, Guid? ContentId)
{
    public override string ToString() => Id?.ToString(CultureInfo.InvariantCulture) ?? $"{ContentId}";
}
