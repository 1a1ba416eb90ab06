namespace Belfry.Load.Fanout;

/// <summary>Whether the bench still works at all: a node, a server, twenty clients and as many messages. Measures nothing.</summary>
static class Smoke
{
    public static int Run()
    {
        using var contestant = new BelfryContestant(51, dataRoot: null);
        var trial = new Trial(contestant, 20, 1000);
        using var swarm = trial.Gather();
        var step = trial.Take(swarm, 20, TimeSpan.FromSeconds(1));
        Console.WriteLine($"{step.Figures.Deliveries} of {step.Figures.Messages * swarm.Count} deliveries arrived");
        return step.Complete && step.Figures.Messages > 0 && swarm.Gone == 0 ? 0 : 1;
    }
}
