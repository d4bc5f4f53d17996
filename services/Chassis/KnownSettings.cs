using System.Collections;
using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace Checkout.Chassis;

/// <summary>
/// The keys that the types of settings have a place for. One that has none would be ignored in silence, and a
/// security.protocol below it would not be applied.
/// </summary>
public static class KnownSettings
{
    /// <summary>A sentence for each key that this type has no place for, and for one text in place of a list.</summary>
    /// <param name="configuration">
    /// The whole of it, where only sections of ours are looked into, since all of the environment is in it; or a
    /// section.
    /// </param>
    public static List<string> Unknown(IConfiguration configuration, Type type)
    {
        var sentences = new List<string>();
        var ours = Places(type);
        foreach (var child in configuration.GetChildren())
            if (ours.TryGetValue(child.Key, out var place)) Check(child, place, sentences);
            else if (configuration is IConfigurationSection section) sentences.Add(Sentence(child, section.Path, ours));
        return sentences;
    }

    /// <summary>Names of the settings and sections that this type has a place for.</summary>
    public static IEnumerable<string> Names(Type type) => Places(type).Keys;

    private static void Check(IConfigurationSection at, Type type, List<string> sentences)
    {
        if (IsMap(type)) return;
        if (ItemOf(type) is { } item)
        {
            // An empty one has an empty text for a value.
            if (!string.IsNullOrEmpty(at.Value))
                sentences.Add($"The setting {at.Path} is a list: give each of it as {at.Path}:0 and so on.");
            foreach (var child in at.GetChildren()) Check(child, item, sentences);
            return;
        }
        var places = IsValue(type) ? [] : Places(type);
        foreach (var child in at.GetChildren())
            if (places.TryGetValue(child.Key, out var place)) Check(child, place, sentences);
            else sentences.Add(Sentence(child, at.Path, places));
    }

    private static string Sentence(IConfigurationSection unknown, string parent, Dictionary<string, Type> places)
    {
        var example = unknown.GetChildren().FirstOrDefault()?.Path;
        var isUnknown = $"The setting {example ?? unknown.Path} is not known";
        if (places.Count == 0) return $"{isUnknown}: {parent} is one value, with nothing below it.";
        // What has keys below it is meant for a place that takes some.
        var alike = places.Where(place => IsValue(place.Value) == example is null).Select(place => place.Key);
        return Spelling.Nearest(unknown.Key, alike, example is null) is { } nearest
            ? $"{isUnknown}: {parent}:{nearest}{example?[unknown.Path.Length..]} is, and must be meant."
            : $"{isUnknown}: below {parent} are {string.Join(", ", places.Keys)}.";
    }

    private static Dictionary<string, Type> Places(Type type) => type.GetProperties()
        .Where(property => property.SetMethod?.IsPublic == true || !IsValue(property.PropertyType))
        .ToDictionary(property => property.Name, property => property.PropertyType, StringComparer.OrdinalIgnoreCase);

    private static bool IsMap(Type type) => typeof(IDictionary).IsAssignableFrom(type)
        || (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IDictionary<,>));

    private static bool IsValue(Type type) => type == typeof(string) || type.IsValueType;

    /// <summary>Null where the type is no list.</summary>
    private static Type? ItemOf(Type type) =>
        type.IsArray ? type.GetElementType()
        : type.IsGenericType && typeof(IEnumerable).IsAssignableFrom(type) ? type.GetGenericArguments()[0] : null;
}
