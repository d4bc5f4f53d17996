using System.CommandLine;
using Checkout.Chassis.Inbox;

namespace Checkout.Chassis.Operating;

/// <summary>The commands about parked events: parked, redrive, discard, retire-reaction.</summary>
internal static class ParkedCommandLine
{
    /// <param name="parked">Asked when a command runs.</param>
    /// <param name="appending">For each command that appends.</param>
    public static void AddTo<TRows>(RootCommand root, Func<ParkedCommands<TRows>> parked, Func<Appending> appending)
    {
        root.Add(List(parked));
        root.Add(Redrive(parked, appending()));
        root.Add(Discard(parked, appending()));
        root.Add(Retire(parked));
    }

    private static Command List<TRows>(Func<ParkedCommands<TRows>> parked)
    {
        var selection = new SelectionOptions();
        var command = new Command("parked",
            "Lists the events that could not be handled, and those behind them, decoded, and the reasons.");
        selection.AddTo(command);
        command.SetAction((result, cancellation) =>
            parked().ListAsync(selection.Of(result), Console.Out, cancellation));
        return command;
    }

    private static Command Redrive<TRows>(Func<ParkedCommands<TRows>> parked, Appending appending)
    {
        var (selection, hand) = (new SelectionOptions(), new HandOptions());
        var command = new Command("redrive",
            "Handles what is parked of a key, in order, up to the first that still can't be handled; with --reason or "
                + "without --key, of all keys that have such events.");
        selection.AddTo(command);
        hand.AddTo(command);
        appending.AddTo(command);
        command.SetAction((result, cancellation) => selection.Of(result) switch
        {
            { Topic: null, Key: null, Reason: null } => SayAsync(SelectionOptions.Missing),
            var of when hand.IsDry(result) => parked().RedriveAllAsync(of, null, Console.Out, cancellation),
            { Topic: { } topic, Key: { } key, Reason: null } => appending.RunAsync(result, () =>
                parked().RedriveAsync(topic, key, hand.Of(result), Console.Out, cancellation), cancellation),
            var of => appending.RunAsync(result, () =>
                parked().RedriveAllAsync(of, hand.Of(result), Console.Out, cancellation), cancellation),
        });
        return command;
    }

    private static Command Discard<TRows>(Func<ParkedCommands<TRows>> parked, Appending appending)
    {
        var (selection, hand) = (new SelectionOptions(), new HandOptions());
        var command = new Command("discard",
            "Gives up the oldest parked event of a key for good; with --reason or without --key, all such events.");
        selection.AddTo(command);
        hand.AddTo(command);
        appending.AddTo(command);
        command.SetAction((result, cancellation) => selection.Of(result) switch
        {
            { Topic: null, Key: null, Reason: null } => SayAsync(SelectionOptions.Missing),
            var of when hand.IsDry(result) => parked().DiscardAllAsync(of, null, Console.Out, cancellation),
            { Topic: { } topic, Key: { } key, Reason: null } => appending.RunAsync(result, () =>
                parked().DiscardAsync(topic, key, hand.Of(result), Console.Out, cancellation), cancellation),
            var of => appending.RunAsync(result, () =>
                parked().DiscardAllAsync(of, hand.Of(result), Console.Out, cancellation), cancellation),
        });
        return command;
    }

    private static Command Retire<TRows>(Func<ParkedCommands<TRows>> parked)
    {
        var name = new Argument<string>("reaction") { Description = "Its permanent name." };
        var hand = new HandOptions();
        var command = new Command("retire-reaction",
            "Says that no version is to have a reaction any more; until then instances without it leave its topic.")
            { name };
        hand.AddNamesTo(command);
        command.SetAction((result, cancellation) => parked().RetireAsync(result.GetRequiredValue(name),
            hand.Of(result), Console.Out, cancellation));
        return command;
    }

    private static async Task<int> SayAsync(string sentence)
    {
        await Console.Error.WriteLineAsync(sentence);
        return 2;
    }

    /// <summary>Which parked events are meant.</summary>
    private sealed class SelectionOptions
    {
        public const string Missing = "Say which are meant: --topic, --key or --reason; parked lists them.";

        private readonly Option<string?> _topic = new("--topic") { Description = "The topic the event came from." };
        private readonly Option<string?> _key = new("--key") { Description = "Its key." };
        private readonly Option<string?> _reason = new("--reason") { Description = "A part of why it is parked." };

        public void AddTo(Command command)
        {
            command.Add(_topic);
            command.Add(_key);
            command.Add(_reason);
        }

        public ParkedSelection Of(ParseResult result) =>
            new(result.GetValue(_topic), result.GetValue(_key), result.GetValue(_reason));
    }

    /// <summary>By whose hand and why, or that it is only tried.</summary>
    private sealed class HandOptions
    {
        private readonly Option<bool> _dry = new("--dry-run")
        {
            Description = "Says what it would do, and does nothing.",
        };

        private readonly Option<string> _who = new("--who") { Description = "Who decides this; kept with it." };

        private readonly Option<string> _why = new("--why") { Description = "Why; kept with it." };

        public void AddTo(Command command)
        {
            command.Add(_dry);
            AddNamesTo(command);
        }

        /// <summary>Required but by a dry run, of which nothing is kept.</summary>
        public void AddNamesTo(Command command)
        {
            command.Add(_who);
            command.Add(_why);
            command.Validators.Add(result =>
            {
                if (result.GetResult(_dry) is not null && result.GetValue(_dry)) return;
                foreach (var option in new[] { _who, _why })
                    if (string.IsNullOrEmpty(result.GetValue(option)))
                        result.AddError($"Option '{option.Name}' is required.");
            });
        }

        public bool IsDry(ParseResult result) => result.GetValue(_dry);

        public Hand Of(ParseResult result) => new(result.GetRequiredValue(_who), result.GetRequiredValue(_why));
    }
}
