using System.CodeDom;
using Avro;

namespace Checkout.Generator;

/// <summary>
/// Apache.Avro's own code generation, with two things added that it lacks (1.12.2):
/// C# property names, and one type for an enum that several schemas define alike.
/// </summary>
internal sealed class EventCodeGen : CodeGen
{
    private readonly Dictionary<string, string> _enums = [];

    /// <summary>
    /// Every schema stands alone, so each that needs an enum defines it; in C# it must be one type, and so the
    /// definitions must be one.
    /// </summary>
    protected override void processEnum(Schema schema)
    {
        var definition = schema.ToString();
        if (_enums.TryAdd(schema.Fullname, definition))
            base.processEnum(schema);
        else if (_enums[schema.Fullname] != definition)
            throw new CodeGenException(
                $"The enum {schema.Fullname} is defined differently in two schemas. Make the definitions equal.");
    }

    /// <summary>
    /// CodeGen names properties as the schema does (camelCase). Records are read and written by field position, so the
    /// C# name is free.
    /// </summary>
    protected override CodeTypeDeclaration processRecord(Schema schema)
    {
        var type = base.processRecord(schema);
        var properties = type.Members.OfType<CodeMemberProperty>().ToDictionary(property => property.Name);
        var accessors = type.Members.OfType<CodeMemberMethod>().Where(method => method.Name is "Get" or "Put")
            .Select(method => (CodeSnippetExpression)((CodeExpressionStatement)method.Statements[0]).Expression)
            .ToList();
        foreach (var field in ((RecordSchema)schema).Fields)
        {
            var name = char.ToUpperInvariant(field.Name[0]) + field.Name[1..];
            // A field whose C# name is a reserved word is mangled by CodeGen with "@"; the capital makes that needless.
            var generated = properties.TryGetValue(field.Name, out var plain) ? plain : properties["@" + field.Name];
            foreach (var accessor in accessors)
            {
                accessor.Value = accessor.Value
                    .Replace($"return this.{generated.Name};", $"return this.{name};", StringComparison.Ordinal)
                    .Replace($": this.{generated.Name} = ", $": this.{name} = ", StringComparison.Ordinal);
            }

            generated.Name = name;
        }

        return type;
    }
}
