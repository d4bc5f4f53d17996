using Checkout.Chassis.Choreography;
using Npgsql;

namespace Checkout.Chassis.Operating;

/// <summary>What is asked of the store's events, which never change, before works are decided.</summary>
public delegate Task<IReadOnlyList<Work<TRows>>> Preparation<TRows>(NpgsqlConnection connection,
    IReadOnlyList<Work<TRows>> works, CancellationToken cancellation);

/// <summary>
/// A command by which an operator gives facts: a file of them, each known by its business key, so that the same file
/// again changes nothing.
/// </summary>
/// <param name="read">The commands in the file's text, each with the business key and the reaction name its event id
/// follows from. Throws FormatException with a sentence where the text is not right.</param>
public sealed class OperatorCommand<TRows>(string name, string description,
    Func<string, string, IReadOnlyList<Work<TRows>>> read)
{
    public OperatorCommand(string name, string description, Func<string, IReadOnlyList<Work<TRows>>> read)
        : this(name, description, (text, _) => read(text)) => KeepsWho = false;

    public string Name => name;

    public string Description => description;

    /// <summary>Whether its facts say who gave them.</summary>
    public bool KeepsWho { get; private init; } = true;

    /// <summary>
    /// Answers with each work as it is to be decided, or with the fault that it has by then. Null where nothing is to
    /// be asked.
    /// </summary>
    public Preparation<TRows>? Prepare { get; init; }

    public IReadOnlyList<Work<TRows>> Read(string text) => read(text, "");

    /// <param name="who">Who gives them; nobody asks where it is not kept.</param>
    public IReadOnlyList<Work<TRows>> Read(string text, string who) => read(text, who);
}
