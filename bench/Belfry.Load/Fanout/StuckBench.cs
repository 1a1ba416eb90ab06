using System.Globalization;
using System.Text;
using Belfry.Bench;
using Belfry.Load.Clients;

namespace Belfry.Load.Fanout;

/// <summary>One client that subscribes and never reads, among many that do: what it changes for them.</summary>
static class StuckBench
{
    const int Clients = 200, Rate = 400, Rounds = 4;
    static readonly TimeSpan Length = TimeSpan.FromSeconds(4);

    public static int Run(string? dataRoot)
    {
        using var contestant = new BelfryContestant(41, dataRoot);
        var trial = new Trial(contestant, Clients, 1000);
        using var swarm = trial.Gather();
        trial.Take(swarm, Rate, Length);
        var (alone, beside) = (new List<Step>(), new List<Step>());
        for (var round = 0; round < Rounds; round++)
        {
            alone.Add(trial.Take(swarm, Rate, Length));
            // A small receive buffer: what it does not read is full after some hundred messages.
            using var stuck = ClientSocket.Open(contestant.Server.Endpoint, contestant.Dialect, receiveBuffer: 4096);
            trial.Take(swarm, Rate, Length);
            beside.Add(trial.Take(swarm, Rate, Length));
            Console.Error.WriteLine($"round {round + 1}: p99 {alone[^1].Figures.P99:F1} alone, {beside[^1].Figures.P99:F1} ms beside a stuck one");
        }

        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"## One stuck client\n\n`bench/load stuck` · {Workplace.Machine()} · {DateTimeOffset.UtcNow:yyyy-MM-dd HH:mm} UTC · {Clients} clients that read, {Rate} messages/s; with and without one more that subscribes and never reads (it has been stuck for {Length.TotalSeconds:F0} s when measuring begins), in turns, median of {Rounds}.\n\n");
        text.Row("", "p50, ms", "p99, ms", "last subscriber, ms", "CPU, µs/delivery", "delivered of due");
        text.Append("|---|---:|---:|---:|---:|---:|\n");
        Row("200 healthy clients", alone);
        Row("the same beside a stuck one", beside);
        Workplace.Publish("fanout-stuck.md", text.Append('\n').ToString());
        return beside.All(static step => step.Complete) && swarm.Gone == 0 ? 0 : 1;

        void Row(string name, List<Step> steps) => text.Row(
            name, M(steps, static step => step.Figures.P50), M(steps, static step => step.Figures.P99), M(steps, static step => step.Figures.LastSubscriber), M(steps, static step => step.CpuMicroseconds),
            string.Create(CultureInfo.InvariantCulture, $"{steps.Sum(static step => step.Figures.Deliveries):N0} of {steps.Sum(static step => (long)step.Figures.Messages * Clients):N0}"));

        static string M(List<Step> steps, Func<Step, double> figure) => Workplace.Median([.. steps.Select(figure)]).ToString("F1", CultureInfo.InvariantCulture);
    }
}
