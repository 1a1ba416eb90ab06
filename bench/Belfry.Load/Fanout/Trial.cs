using System.Diagnostics;
using System.Net.Sockets;
using Belfry.Load.Clients;

namespace Belfry.Load.Fanout;

/// <summary>One phase at one rate.</summary>
/// <param name="Rate">Messages per second, asked for.</param>
/// <param name="Figures">What the clients saw.</param>
/// <param name="PerSecond">Deliveries per second over the phase.</param>
/// <param name="CpuMicroseconds">Server CPU per delivery.</param>
/// <param name="Complete">Whether everything arrived.</param>
readonly record struct Step(double Rate, FlightFigures Figures, double PerSecond, double CpuMicroseconds, bool Complete);

/// <summary>What one contestant did in one round.</summary>
sealed record TrialResult(string Name, double IdleKilobytes, double LoadedKilobytes, double ConnectsPerSecond, Step Paced, IReadOnlyList<Step> Ladder)
{
    /// <summary>The highest step that was held.</summary>
    public Step? Held(double limit) => Ladder.Where(step => step.Complete && step.Figures.P99 <= limit).Select(static step => (Step?)step).MaxBy(static step => step!.Value.PerSecond);

    /// <summary>The most deliveries per second on any step, late or not.</summary>
    public double Most => Ladder.Count == 0 ? 0 : Ladder.Max(static step => step.PerSecond);
}

/// <summary>Puts one contestant through its paces.</summary>
sealed class Trial(IContestant contestant, int clients, double limit)
{
    const double MemoryRate = 20, MemoryMessages = 60;
    static readonly TimeSpan StepLength = TimeSpan.FromSeconds(2);
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    readonly Flights flights = new();

    public TrialResult Run(IReadOnlyList<double> rates, double pacedRate, TimeSpan pacedLength)
    {
        WarmUp();
        var kept = KeptPerMessage();
        contestant.Server.CollectGarbage();
        var empty = contestant.Server.Memory;
        using var swarm = new Swarm(flights);
        var started = Stopwatch.GetTimestamp();
        swarm.Connect(clients, contestant.Server.Endpoint, contestant.Dialect);
        var connects = clients / Stopwatch.GetElapsedTime(started).TotalSeconds;
        swarm.Start();
        Thread.Sleep(2000);
        contestant.Server.CollectGarbage();
        var idle = contestant.Server.Memory;
        var paced = Take(swarm, pacedRate, pacedLength);
        var burst = Take(swarm, MemoryRate, TimeSpan.FromSeconds(MemoryMessages / MemoryRate));
        contestant.Server.CollectGarbage();
        var loaded = contestant.Server.Memory - (long)(kept * (paced.Figures.Messages + burst.Figures.Messages));
        if (Environment.GetEnvironmentVariable("LOAD_TRACE") is not null) Console.Error.WriteLine($"  empty {empty >> 10} KB, idle {idle >> 10}, loaded {contestant.Server.Memory >> 10}, kept {kept / 1024:F1} per message");
        var ladder = Climb(swarm, rates);
        if (swarm.Gone > 0) throw new InvalidOperationException($"{contestant.Server.Name} lost {swarm.Gone} of {clients} clients");
        return new TrialResult(contestant.Server.Name, PerClient(idle), PerClient(loaded), connects, paced, ladder);

        double PerClient(long memory) => (memory - empty) / 1024.0 / clients;
    }

    /// <summary>Connects all clients.</summary>
    public Swarm Gather()
    {
        var swarm = new Swarm(flights);
        swarm.Connect(clients, contestant.Server.Endpoint, contestant.Dialect);
        swarm.Start();
        return swarm;
    }

    /// <summary>One phase at one rate.</summary>
    public Step Take(Swarm swarm, double rate, TimeSpan length)
    {
        var payments = contestant.Prepare(Math.Max(1, (int)(rate * length.TotalSeconds)));
        flights.BeginPhase();
        var cpu = contestant.Server.Cpu;
        var started = Stopwatch.GetTimestamp();
        Pace(payments, rate);
        var complete = swarm.WaitFor((long)payments.Count * swarm.Count, Patience);
        // Patience is not part of the work.
        var took = Stopwatch.GetElapsedTime(started) - (complete ? TimeSpan.Zero : Patience);
        var used = contestant.Server.Cpu - cpu;
        var figures = flights.Measure();
        if (Environment.GetEnvironmentVariable("LOAD_TRACE") is not null) Console.Error.WriteLine($"    late at {rate}/s: {flights.Late(40)}");
        return new Step(rate, figures, figures.Deliveries / took.TotalSeconds, used.TotalMicroseconds / Math.Max(1, figures.Deliveries), complete);
    }

    List<Step> Climb(Swarm swarm, IReadOnlyList<double> rates)
    {
        var steps = new List<Step>();
        var misses = 0;
        foreach (var rate in rates)
        {
            var step = Take(swarm, rate, StepLength);
            if (!Holds(step)) step = Better(step, Take(swarm, rate, StepLength)); // the machine has other work too: one more chance
            steps.Add(step);
            Console.Error.WriteLine($"  {contestant.Server.Name} {rate}/s x {swarm.Count}: {step.PerSecond:N0}/s p50 {step.Figures.P50:F1} p99 {step.Figures.P99:F1} ms, {step.CpuMicroseconds:F2} us{(step.Complete ? "" : " INCOMPLETE")}");
            misses = Holds(step) ? 0 : misses + 1;
            if (misses == 3 || (misses > 0 && step.PerSecond < rate * swarm.Count * 0.7)) break;
        }

        return steps;

        bool Holds(Step step) => step.Complete && step.Figures.P99 <= limit;

        Step Better(Step first, Step second) => Holds(second) || second.PerSecond > first.PerSecond ? second : first;
    }

    // Against the clock: a publisher that falls behind catches up at once, and the delay counts as the server's.
    void Pace(IReadOnlyList<Node.Payment> payments, double rate)
    {
        var all = payments.ToArray();
        var started = Stopwatch.GetTimestamp();
        for (var at = 0; at < all.Length;)
        {
            var due = Math.Min(all.Length, 1 + (int)(Stopwatch.GetElapsedTime(started).TotalSeconds * rate));
            if (due == at)
            {
                Thread.Sleep(1);
                continue;
            }

            for (var i = at; i < due; i++) flights.Depart(all[i].IdText, started + (long)(i / rate * Stopwatch.Frequency));
            contestant.Publish(all.AsSpan(at..due));
            at = due;
        }
    }

    // Compiles what is hot and fills pools, so that the phases show the server as it is after its first half minute.
    void WarmUp()
    {
        using var swarm = new Swarm(flights);
        swarm.Connect(Math.Min(200, clients), contestant.Server.Endpoint, contestant.Dialect);
        swarm.Start();
        Take(swarm, 100, TimeSpan.FromSeconds(3));
        Take(swarm, 300, TimeSpan.FromSeconds(6));
        Thread.Sleep(1000);
        Take(swarm, 10, TimeSpan.FromSeconds(2));
    }

    // What a server keeps of each message for its own reasons (a ledger, a journal) is no memory of connections: measured with one client.
    double KeptPerMessage()
    {
        contestant.Server.CollectGarbage();
        var before = contestant.Server.Memory;
        using var swarm = new Swarm(flights);
        swarm.Connect(1, contestant.Server.Endpoint, contestant.Dialect);
        swarm.Start();
        Take(swarm, MemoryRate, TimeSpan.FromSeconds(MemoryMessages / MemoryRate));
        contestant.Server.CollectGarbage();
        return Math.Max(0, contestant.Server.Memory - before) / MemoryMessages;
    }

    /// <summary>Whole messages as a contestant sends them.</summary>
    public static string Sample(IContestant contestant)
    {
        var trial = new Trial(contestant, 1, 1000);
        using var swarm = new Swarm(trial.flights) { Sampling = true };
        swarm.Connect(1, contestant.Server.Endpoint, contestant.Dialect);
        swarm.Start();
        trial.Take(swarm, 20, TimeSpan.FromMilliseconds(200));
        return swarm.Samples.Values.FirstOrDefault() ?? throw new SocketException((int)SocketError.TimedOut);
    }
}
