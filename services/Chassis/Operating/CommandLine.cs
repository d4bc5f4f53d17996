using System.CommandLine;
using Checkout.Chassis.Choreography;
using Checkout.Chassis.Entrance;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Identity;
using Checkout.Chassis.Kafka;
using Checkout.Chassis.Refilling;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Checkout.Chassis.Operating;

/// <summary>
/// The commands of a service, beside serving: migrate, rebuild, refill, set-aside, parked, redrive, discard, openapi,
/// and what its operators give it.
/// </summary>
public static class CommandLine
{
    private const string Document = "openapi";

    private static readonly string[] Help = ["--help", "-h", "-?"];

    /// <summary>Whether only help is asked for, of the program or of one of its commands.</summary>
    public static bool IsHelp(string[] args) => args.Any(Help.Contains);

    /// <summary>Whether nothing is asked for that settings have a word in.</summary>
    public static bool NeedsNoSettings(string[] args) => IsHelp(args) || args is [Document, ..];

    internal static Task<int> RunAsync<TRows>(
        string[] args, IServiceProvider services, IReadOnlyList<OperatorCommand<TRows>> operators,
        Func<Rebuild<TRows>> rebuild, Func<Refill<TRows>> refill, Func<string> document)
    {
        var root = new RootCommand("Without a command it serves. Settings come from appsettings.json and the "
            + "environment, for the commands too.");
        root.Add(Migrate(services));
        RefillCommandLine.AddTo(root, rebuild, refill, services.GetRequiredService<NpgsqlDataSource>);
        // Made when a command runs: its help needs no settings.
        ParkedCommands<TRows> Parked() => services.GetRequiredService<ParkedCommands<TRows>>();
        Appending NewAppending() => new(services.GetRequiredService<BeforeAppending>);
        ParkedCommandLine.AddTo<TRows>(root, Parked, NewAppending);
        root.Add(DevelopmentToken());
        root.Add(Rights(services.GetRequiredService<Choreography<TRows>>()));
        root.Add(OpenApi(document));
        foreach (var command in operators) root.Add(Give(command, services, NewAppending()));
        return root.Parse(args).InvokeAsync();
    }

    private static Command Migrate(IServiceProvider services)
    {
        var command = new Command("migrate", "Brings the database to the newest migration, by the role of "
            + "Database:MigrationConnectionString where that is given, and gives Database:ServingRole and "
            + "Database:TailerRole their rights; a service whose role may migrate does so by itself.");
        command.SetAction(async (_, cancellation) =>
        {
            try
            {
                await services.GetRequiredService<DatabaseReady>().MigrateAsOwnerAsync(cancellation);
                return 0;
            }
            catch (UnusableDatabaseException e)
            {
                await Console.Error.WriteLineAsync(e.Message);
                return 2;
            }
        });
        return command;
    }

    private static Command OpenApi(Func<string> document)
    {
        var file = new Argument<FileInfo?>("file")
        {
            Description = "Where it is written; without it, it is printed.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command(Document, "Gives the OpenAPI document of this version's API.") { file };
        command.SetAction((result, cancellation) => result.GetValue(file) is { } path
            ? File.WriteAllTextAsync(path.FullName, document(), cancellation) : Console.Out.WriteAsync(document()));
        return command;
    }

    private static Command DevelopmentToken()
    {
        var folder = new Argument<DirectoryInfo>("folder") { Description = "Where the key is, or is made." };
        var subject = new Argument<string>("sub") { Description = "Of whom the token speaks." };
        var scope = new Option<string?>("--scope") { Description = "A right beyond one's own, such as support." };
        var command = new Command("development-token",
            "Signs a token for 24 hours, with a key that no service takes in production; keys.json beside it is for "
                + "Identity:KeyFile.") { folder, subject, scope };
        command.SetAction((result, _) => Console.Out.WriteLineAsync(
            DevelopmentTokens.In(result.GetRequiredValue(folder).FullName)
                .For(result.GetRequiredValue(subject), DateTime.UtcNow, result.GetValue(scope))));
        return command;
    }

    private static Command Rights<TRows>(Choreography<TRows> choreography)
    {
        var principal = new Option<string>("--principal")
        {
            Description = "Its user in Kafka.",
            DefaultValueFactory = _ => $"User:{choreography.Service}"
        };
        var command = new Command("kafka-rights", "Prints what the service's user needs of Kafka, as commands.")
            { principal };
        command.SetAction(result =>
        {
            foreach (var line in KafkaRights.Lines(result.GetRequiredValue(principal),
                KafkaRights.OfService(choreography.Service, choreography.Read)))
                result.InvocationConfiguration.Output.WriteLine(line);
        });
        return command;
    }

    private static Command Give<TRows>(OperatorCommand<TRows> given, IServiceProvider services, Appending appending)
    {
        var file = new Argument<FileInfo>("file") { Description = "A JSON file; the same facts again change nothing." };
        var who = new Option<string>("--who") { Description = "Who gives them; it is kept.", Required = true };
        var dry = new Option<bool>("--dry-run")
        {
            Description = "Says of each entry what would become of it, and changes nothing.",
        };
        var command = new Command(given.Name, given.Description) { file, dry };
        if (given.KeepsWho) command.Add(who);
        appending.AddTo(command);
        command.SetAction(async (result, cancellation) =>
        {
            var name = given.KeepsWho ? result.GetRequiredValue(who) : "";
            if (given.KeepsWho && PlainText.Problem("--who", name) is { } problem)
            {
                await Console.Error.WriteLineAsync(problem);
                return 2;
            }
            var giving = new Giving<TRows>(services.GetRequiredService<DatabaseReady>().MigrateAsync,
                services.GetRequiredService<Transactions<TRows>>(), services.GetRequiredService<NpgsqlDataSource>())
            {
                Refusal = token => appending.RefusalAsync(result, token),
            };
            return await giving.RunAsync(given, result.GetRequiredValue(file), new(name, result.GetValue(dry)),
                Console.Out, Console.Error, cancellation);
        });
        return command;
    }
}
