using System.CommandLine;
using Checkout.Chassis.EventStore;
using Checkout.Chassis.Kafka;
using Checkout.Observer.Reading;
using Npgsql;

namespace Checkout.Observer;

/// <summary>The commands, beside serving.</summary>
internal static class ObserverCommands
{
    public static Task<int> RunAsync(string[] args, IServiceProvider services, Func<string> document)
    {
        var root = new RootCommand("Without a command it serves. Settings come from appsettings.json and the "
            + "environment, for the commands too.");
        root.Add(Rebuild(services));
        root.Add(Rights());
        root.Add(OpenApi(document));
        return root.Parse(args).InvokeAsync();
    }

    private static Command Rebuild(IServiceProvider services)
    {
        var command = new Command("rebuild", "Empties what the Observer derived and shows how the process that serves "
            + "reads the topics again; ends when all is read, with 3 where violations are open.");
        command.SetAction(async (result, cancellation) =>
        {
            try
            {
                await services.GetRequiredService<ObserverDatabase>().MigrateAsync(cancellation);
                var database = services.GetRequiredService<NpgsqlDataSource>();
                await RebuildCommand.EmptyAsync(database, cancellation);
                return await RebuildCommand.FollowAsync(database, result.InvocationConfiguration.Output, cancellation);
            }
            catch (UnusableDatabaseException e)
            {
                await Console.Error.WriteLineAsync(e.Message);
                return 2;
            }
        });
        return command;
    }

    private static Command Rights()
    {
        var principal = new Option<string>("--principal")
        {
            Description = "Its user in Kafka.",
            DefaultValueFactory = _ => $"User:{ObservedEvents.Service}",
        };
        var command = new Command("kafka-rights", "Prints what the Observer's user needs of Kafka, as commands.")
            { principal };
        command.SetAction(result =>
        {
            foreach (var line in KafkaRights.Lines(result.GetRequiredValue(principal),
                KafkaRights.OfService(ObservedEvents.Service, ObservedEvents.All)))
                result.InvocationConfiguration.Output.WriteLine(line);
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
        var command = new Command("openapi", "Gives the OpenAPI document of this version's API.") { file };
        command.SetAction((result, cancellation) => result.GetValue(file) is { } path
            ? File.WriteAllTextAsync(path.FullName, document(), cancellation) : Console.Out.WriteAsync(document()));
        return command;
    }
}
