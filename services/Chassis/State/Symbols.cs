using System.Collections.Concurrent;

namespace Checkout.Chassis.State;

/// <summary>
/// The names of an enum, as they are kept. A later version may have added some: they are read as the enum's own symbol
/// for that, Unknown (UNKNOWN in schemas, where it is the default).
/// </summary>
public sealed class Symbols
{
    private const string UnknownName = "unknown";

    private static readonly ConcurrentDictionary<Type, Symbols> All = new();

    private readonly Type _type;
    private readonly Dictionary<string, object> _byName;
    private readonly object? _unknown;

    private Symbols(Type type)
    {
        _type = type;
        _byName = Enum.GetNames(type).ToDictionary(name => name, name => Enum.Parse(type, name));
        _unknown = _byName.FirstOrDefault(symbol =>
            symbol.Key.Equals(UnknownName, StringComparison.OrdinalIgnoreCase)).Value;
    }

    public static Symbols Of(Type type) => All.GetOrAdd(type, of => new(of));

    public static T Read<T>(string text) where T : struct, Enum => (T)Of(typeof(T)).Read(text, out _);

    public bool HasUnknown => _unknown is not null;

    public bool IsUnknown(object symbol) => symbol.Equals(_unknown);

    /// <param name="isKnown">False where only a later version can have written it.</param>
    /// <exception cref="InvalidOperationException">The enum has no symbol for what it does not know.</exception>
    public object Read(string text, out bool isKnown)
    {
        isKnown = _byName.TryGetValue(text, out var symbol);
        return symbol ?? _unknown ?? throw new InvalidOperationException(
            $"{_type.Name} has no {text}, and no Unknown to read it as.");
    }
}
