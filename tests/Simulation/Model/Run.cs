namespace Checkout.Simulation.Model;

/// <summary>One run: steps by chance, then rest, then the judge.</summary>
public static class Run
{
    private const int Steps = 800;
    private const int MaxBatch = 12;
    private const int CatchUpRounds = 5;
    private const int MaxPublished = 10;
    private const int StoryOnFailure = 25;

    /// <summary>What is wrong, in sentences; nothing where the system is sound.</summary>
    public static async Task<IReadOnlyList<string>> OfAsync(int seed, Flaws flaws) =>
        (await TellAsync(seed, flaws)).Findings;

    public static async Task<(World World, Script Script, IReadOnlyList<string> Findings)> TellAsync(int seed,
        Flaws flaws)
    {
        var world = new World(seed, flaws);
        var script = new Script(world);
        var story = new Queue<string>();
        try
        {
            script.Begin();
            var steps = StepsOf(world, script);
            for (var i = 0; i < Steps; i++)
            {
                var (name, _, step) = Choose(steps, world.Random);
                story.Enqueue(name);
                if (story.Count > StoryOnFailure) story.Dequeue();
                await step();
            }
            story.Enqueue("rest");
            await world.RestAsync();
            script.End();
            await world.RestAsync();
            return (world, script, Judge.Findings(world, script).ToList());
        }
        // Whatever is thrown is a finding of this seed.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return (world, script, [$"{e.GetType().Name}: {e.Message} (after {string.Join(", ", story)})"]);
        }
    }

    private static (string Name, int Weight, Func<Task> Step) Choose((string Name, int Weight, Func<Task> Step)[] steps,
        Random random)
    {
        var at = random.Next(steps.Sum(step => step.Weight));
        return steps.First(step => (at -= step.Weight) < 0);
    }

    /// <summary>Each seed has its own mixture, so that some runs have no crash and some little else.</summary>
    private static (string Name, int Weight, Func<Task> Step)[] StepsOf(World world, Script script)
    {
        var random = world.Random;
        return
        [
            Do("post", 8, script.Post),
            Do("fact", 5, script.TellFact),
            Do("credit", 1, script.GiveCoins),
            Do("compensation", 1, script.Compensate),
            Do("stock", 2, script.AddStock),
            Do("price", 1, script.ChangePrice),
            Do("sale", 1, script.TakeOffOrPutOnSale),
            Do("publish", 25, () => AnyTailer().Publish(random.Next(1, MaxPublished))),
            Do("take", 25,
                () => WithInstance((service, instance) => service.Take(instance, random, random.Next(1, MaxBatch)))),
            ("handle", 30, () => HandleAsync(Ending.Commits)),
            ("die before the commit", Sometimes(3), () => HandleAsync(Ending.Dies)),
            ("die after the commit", Sometimes(3), DieAfterCommitAsync),
            Do("die", Sometimes(2), () => WithInstance((service, instance) => service.Group.Crash(instance))),
            ("rebalance", Sometimes(3), RebalanceAsync),
            Do("rewind", Sometimes(2), () => AnyService().Group.Rewind(random)),
            Do("frozen tailer", Sometimes(3), () => AnyTailer().WakeFrozen(random, MaxPublished)),
            Do("lose tail", Sometimes(1), LoseTail),
            Do("lose topic", Sometimes(1), LoseTopic),
            Do("become visible", 4, world.Store.BecomeVisible),
            Do("clock", 8, () => world.Now += TimeSpan.FromMilliseconds(random.NextDouble() * 1_000)),
            Do("clock far on", Sometimes(1), () => world.Now += TimeSpan.FromMinutes(random.NextDouble() * 2)),
            ("answer before the commit is visible", Sometimes(1), AnswerBeforeVisibleAsync),
        ];

        static (string, int, Func<Task>) Do(string name, int weight, Action step) => (name, weight, async () => step());

        int Sometimes(int weight) => weight * random.Next(3);
        IService AnyService() => world.Services[random.Next(world.Services.Count)];
        Tailer AnyTailer() => world.Tailers[random.Next(world.Tailers.Count)];
        (IService Service, Instance Instance) AnyInstance()
        {
            var service = AnyService();
            return (service, service.Group.Instances[random.Next(service.Group.Instances.Length)]);
        }

        void WithInstance(Action<IService, Instance> step)
        {
            var (service, instance) = AnyInstance();
            step(service, instance);
        }

        async Task HandleAsync(Ending ending)
        {
            var (service, instance) = AnyInstance();
            await service.HandleAsync(instance, world.NowAt(service), ending);
            if (ending == Ending.Dies) service.Group.Crash(instance);
        }

        async Task RebalanceAsync()
        {
            var service = AnyService();
            await service.RebalanceAsync(random, world.NowAt(service));
        }

        // The offsets are committed by the client's own thread, later: those of this batch never are.
        async Task DieAfterCommitAsync()
        {
            var (service, instance) = AnyInstance();
            var committed = service.Group.Committed.ToList();
            await service.HandleAsync(instance, world.NowAt(service), Ending.Commits);
            foreach (var (partition, offset) in committed) service.Group.Committed[partition] = offset;
            foreach (var partition in service.Group.Committed.Keys.Except(committed.Select(c => c.Key)).ToList())
                service.Group.Committed.Remove(partition);
            service.Group.Crash(instance);
        }

        // PostgreSQL writes a commit to its log before it shows it: a fast tailer and a fast Balance answer in between.
        async Task AnswerBeforeVisibleAsync()
        {
            script.Post(Ending.CommitsUnseen);
            foreach (
                var (service, tailer) in new[] { ((IService)world.Balance, world.Tailers[0]),
                    (world.Store, world.Tailers[1]) })
            {
                tailer.Publish(int.MaxValue / 2);
                foreach (var instance in Enumerable.Repeat(service.Group.Instances, CatchUpRounds)
                    .SelectMany(each => each))
                {
                    service.Take(instance, random, MaxBatch * 10);
                    await service.HandleAsync(instance, world.NowAt(service), Ending.Commits);
                }
            }
        }

        void LoseTail()
        {
            var (_, topic, tailer) = world.Stores.ElementAt(random.Next(world.Services.Count));
            var partition = random.Next(topic.Partitions);
            topic.LoseTail(partition, random.Next(topic[partition].Count + 1));
            tailer.Restart();
        }

        // Whether the group's offsets outlive the topic depends on how it was lost; services must go on either way.
        void LoseTopic()
        {
            var (_, topic, tailer) = world.Stores.ElementAt(random.Next(world.Services.Count));
            topic.Clear();
            tailer.Restart();
            if (random.Next(2) == 0) return;
            foreach (var service in world.Services)
                for (var partition = 0; partition < topic.Partitions; partition++)
                    service.Group.Committed.Remove((topic.Name, partition));
        }
    }
}
