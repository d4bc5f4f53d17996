using Checkout.Generator;

// generate <file to write> <schema.avsc>...   the C# types; run by Contracts.csproj before it compiles
// release <contracts folder>                  a released version of every schema that changed; run by whoever changes
// one
return args switch
{
    ["generate", var output, .. var schemas] when schemas.Length > 0 => Generate(output, schemas),
    ["release", var contracts] => Release.Run(contracts),
    _ => Fail("Generator: error : say 'generate <file to write> <schema.avsc>...' or 'release <contracts folder>'."),
};

static int Generate(string output, string[] schemas)
{
    var codeGen = new EventCodeGen();
    foreach (var path in schemas)
    {
        try
        {
            codeGen.AddSchema(File.ReadAllText(path));
        }
        catch (Avro.AvroException e)
        {
            // In the form MSBuild reads, so that the error names the schema and not the generator.
            return Fail($"{path}(1,1): error AVRO001: {e.Message}");
        }
    }

    try
    {
        codeGen.GenerateCode();
    }
    catch (Avro.CodeGenException e)
    {
        return Fail($"Generator: error AVRO002: {e.Message}");
    }

    codeGen.WriteCompileUnit(output);
    return 0;
}

static int Fail(string message)
{
    Console.Error.WriteLine(message);
    return 1;
}
