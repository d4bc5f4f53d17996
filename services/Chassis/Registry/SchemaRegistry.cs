using System.Collections.Concurrent;
using System.Net;
using Confluent.SchemaRegistry;
using Newtonsoft.Json;

namespace Checkout.Chassis.Registry;

/// <summary>
/// Schema ids by schema and schemas by id, from any registry with Confluent's REST contract, through Confluent's
/// client. Ours is what a subject is set to before its first version, what may be asked, and the sentences for what a
/// registry refuses. What was answered is remembered until <see cref="Forget"/>; of a failure nothing is.
/// </summary>
public sealed class SchemaRegistry
{
    public const string SubjectCompatibility = "FULL_TRANSITIVE";

    private readonly string _addresses;
    private readonly bool _register;
    private readonly TimeSpan _longestAnswer;
    private readonly ConcurrentDictionary<string, bool> _guarded = new();

    public SchemaRegistry(RegistryOptions options)
        : this(options, new CachedSchemaRegistryClient(options.Client()))
    {
    }

    internal SchemaRegistry(RegistryOptions options, ISchemaRegistryClient client)
    {
        Client = client;
        _addresses = options.Addresses();
        _register = options.AutoRegister;
        _longestAnswer = options.LongestAnswer();
    }

    /// <summary>For serializers and deserializers, which share what is remembered here.</summary>
    public ISchemaRegistryClient Client { get; }

    /// <summary>
    /// The id under which the registry knows this schema in this subject; registers it if it may and the registry does
    /// not know it yet.
    /// </summary>
    public async Task<int> IdOfAsync(string subject, string schemaText, CancellationToken stop)
    {
        var schema = new Schema(schemaText, SchemaType.Avro);
        var id = _register
            ? await RegisterAsync(subject, schema, stop)
            : await AskAsync($"subject '{subject}'", () => Client.GetSchemaIdAsync(subject, schema), stop,
                said => $"The registry at {_addresses} does not know this schema under subject '{subject}', and "
                    + "Registry:AutoRegister is false: register it in the release pipeline. The registry says: "
                    + said);
        return id > 0 ? id : throw new RegistryUnavailableException(
            $"The registry at {_addresses} answered about subject '{subject}' without an id.");
    }

    public Task<string> SchemaOfAsync(int id, CancellationToken stop) =>
        SchemaOfAsync(new WriterSchemaId(id, null), stop);

    public async Task<string> SchemaOfAsync(WriterSchemaId name, CancellationToken stop)
    {
        var schema = await AskAsync($"schema id {name}",
            () => name.Id is { } id ? Client.GetSchemaAsync(id) : Client.GetSchemaByGuidAsync($"{name.ContentId}"),
            stop,
            _ => $"The registry at {_addresses} has no schema with id {name}: the record was framed with the ids of "
                + "another registry, or the schema was deleted there.");
        return schema.SchemaString ?? throw new RegistryUnavailableException(
            $"The registry at {_addresses} answered about schema id {name} without a schema.");
    }

    /// <summary>
    /// Whatever is asked next is asked of the registry anew: it may have been lost, and give other ids.
    /// </summary>
    public void Forget()
    {
        Client.ClearCaches();
        _guarded.Clear();
    }

    /// <summary>Names the registry in a sentence; without the credentials.</summary>
    public override string ToString() => $"the registry at {_addresses}";

    private async Task<int> RegisterAsync(string subject, Schema schema, CancellationToken stop)
    {
        // Before the first version, so that no version was ever accepted under a weaker rule.
        var guarded = _guarded.ContainsKey(subject) || await GuardAsync(subject, stop);
        var id = await AskAsync($"subject '{subject}'", () => Client.RegisterSchemaAsync(subject, schema), stop);
        if (!guarded) await GuardAsync(subject, stop);
        return id;
    }

    /// <summary>False where the registry only takes a rule for a subject that has a version already.</summary>
    private async Task<bool> GuardAsync(string subject, CancellationToken stop)
    {
        try
        {
            await AskAsync($"the compatibility of subject '{subject}'",
                () => Client.UpdateCompatibilityAsync(Compatibility.FullTransitive, subject), stop);
            return _guarded[subject] = true;
        }
        catch (SchemaNotFoundException)
        {
            return false;
        }
    }

    /// <summary>
    /// The client takes no cancellation, and a token's endpoint may hang for longer than the registry may: what is
    /// given up here ends by itself, and is remembered if it comes to an answer.
    /// </summary>
    /// <param name="notFound">The sentence for a 404, from the registry's own.</param>
    private async Task<T> AskAsync<T>(string about, Func<Task<T>> ask, CancellationToken stop,
        Func<string, string>? notFound = null)
    {
        try
        {
            return await ask().WaitAsync(_longestAnswer, stop);
        }
        catch (SchemaRegistryException e) when (IsNotFound(e) && notFound is not null)
        {
            throw new SchemaNotFoundException(notFound(Message(e)));
        }
        catch (Exception e) when (e is not (OperationCanceledException or OutOfMemoryException))
        {
            throw Explained(e, about);
        }
    }

    /// <summary>
    /// What came of a question in place of an answer. Whatever it is, the client's own failures among it (a token that
    /// can't be had is a plain Exception), the event at hand is not at fault.
    /// </summary>
    internal Exception Explained(Exception e, string about) => e switch
    {
        SchemaRegistryException { Status: HttpStatusCode.NotFound } missing when !IsNotFound(missing) =>
            new RegistryUnavailableException($"The registry at {_addresses} answered 404 about {about} without the "
                + "error code of a registry: something before it answers in its place, or the path of Registry:Url is "
                + $"wrong. It says: {Message(missing)}"),
        SchemaRegistryException refusal => Refusal((int)refusal.Status, Message(refusal), about),
        // A 401 whose body is not the registry's, such as a proxy's, has no exception of its own (2.16.0).
        HttpRequestException { InnerException: HttpRequestException { Message: "Unauthorized" } } =>
            Refusal((int)HttpStatusCode.Unauthorized, "(no message)", about),
        JsonException => new RegistryUnavailableException(
            $"The registry at {_addresses} answered about {about} with a body that is not its contract's JSON.", e),
        _ => new RegistryUnavailableException($"The registry at {_addresses} does not answer: {e.Message}", e),
    };

    /// <summary>
    /// Whether it is the registry that does not find it: its contract has a code of five digits for each cause (40401
    /// subject, 40402 version, 40403 schema, ...). Any server answers 404 for an address that it does not know.
    /// </summary>
    private static bool IsNotFound(SchemaRegistryException e) =>
        e is { Status: HttpStatusCode.NotFound, ErrorCode: >= 40_400 and < 40_500 };

    private Exception Refusal(int status, string message, string about)
    {
        var said = $"The registry at {_addresses} answered {status} about {about}: {message}";
        return status switch
        {
            409 => new SchemaRefusedException($"{said} The new schema is not compatible ({SubjectCompatibility}) "
                + $"with an earlier version: give added and removed fields a default, or give the event a new name."),
            422 => new SchemaRefusedException($"{said} The registry does not accept this as a valid Avro schema or "
                + "setting: correct it in the contracts."),
            401 => new SchemaRefusedException(
                $"{said} It does not let this process in: correct Registry:UserName and Registry:Password."),
            403 => new SchemaRefusedException(
                $"{said} Allow this process to register schemas, or register them in the release pipeline and set "
                + $"Registry:AutoRegister to false."),
            404 => new SchemaNotFoundException(said),
            408 or 429 or >= 500 => new RegistryUnavailableException(said),
            _ => new SchemaRefusedException(
                $"{said} Check that Registry:Url is the address of a registry with Confluent's REST contract."),
        };
    }

    /// <summary>The registry's word alone: the client adds the code to it.</summary>
    private static string Message(SchemaRegistryException e)
    {
        var added = $"; error code: {e.ErrorCode}";
        var message = e.Message.EndsWith(added, StringComparison.Ordinal) ? e.Message[..^added.Length] : e.Message;
        return message.Length > 0 ? message : "(no message)";
    }
}
