using System.CommandLine;
using Checkout.Chassis.Refilling;

namespace Checkout.Chassis.Operating;

/// <summary>The question, and the option to do without it, of a command that appends.</summary>
/// <param name="before">Asked when a command runs.</param>
internal sealed class Appending(Func<BeforeAppending> before)
{
    private readonly Option<bool> _unasked = new("--without-kafka")
    {
        Description = "Appends although Kafka does not say whether the store has what its topic holds.",
    };

    public void AddTo(Command command) => command.Add(_unasked);

    /// <summary>Why it may not, in a sentence; null where it may.</summary>
    public Task<string?> RefusalAsync(ParseResult result, CancellationToken cancellation) =>
        result.GetValue(_unasked) ? Task.FromResult<string?>(null) : before().RefusalAsync(cancellation);

    /// <summary>Runs it where it may; else says why not, and ends with 1.</summary>
    public async Task<int> RunAsync(ParseResult result, Func<Task<int>> run, CancellationToken cancellation)
    {
        if (await RefusalAsync(result, cancellation) is not { } refusal) return await run();
        await Console.Error.WriteLineAsync(refusal);
        return 1;
    }
}
