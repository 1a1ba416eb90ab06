using System.Globalization;
using System.Text;
using Belfry.Bench;
using Belfry.Load.Clients;

namespace Belfry.Load.Fanout;

/// <summary>Deliveries to many sockets: Belfry's whole way from the node to the frame, beside Node's ws and socket.io that get the finished text.</summary>
static class FanoutBench
{
    static readonly double[] Thousand = [50, 75, 100, 125, 150, 200, 300, 400, 500, 600, 700, 800, 900, 1000, 1200, 1400];
    static readonly double[] FiveThousand = [5, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 100, 120];

    public static int Run(int clients, int rounds, string? dataRoot, IReadOnlyList<string> only, bool noLadder = false)
    {
        var limit = clients > 2000 ? 100 : 40;
        var rates = noLadder ? [] : clients > 2000 ? FiveThousand : Thousand;
        var results = new Dictionary<string, List<TrialResult>>();
        var template = Template(dataRoot);
        var versions = new SortedSet<string>();
        for (var round = 0; round < rounds; round++)
        {
            // In turns, so that a busy moment of the machine falls on all.
            foreach (var name in new[] { "belfry", "ws", "socket.io" }.Where(name => only.Count == 0 || only.Contains(name)))
            {
                using var contestant = Create(name, template, round, dataRoot);
                if (contestant is RivalContestant rival) versions.Add(rival.Version);
                Console.Error.WriteLine($"round {round + 1}: {name}");
                var result = new Trial(contestant, clients, limit).Run(rates, 10, TimeSpan.FromSeconds(5));
                Console.Error.WriteLine($"  {result.IdleKilobytes:F1} KB idle, {result.LoadedKilobytes:F1} KB loaded; 10/s: {result.Paced.CpuMicroseconds:F1} us, last {result.Paced.Figures.LastSubscriber:F1} ms; held {result.Held(limit)?.PerSecond:N0}/s");
                if (!results.TryGetValue(name, out var list)) results[name] = list = [];
                list.Add(result);
            }
        }

        Workplace.Publish($"fanout-{clients}.md", FanoutTable.Write(clients, rounds, limit, results, versions, template.Length, dataRoot));
        return 0;
    }

    static IContestant Create(string name, string template, int round, string? dataRoot) => name switch
    {
        "belfry" => new BelfryContestant(1000 + round, dataRoot),
        "ws" => new RivalContestant("fanout-ws.mjs", new PlainDialect(), template, 2000 + round),
        _ => new RivalContestant("fanout-socketio.mjs", new SocketIoDialect(), template, 3000 + round),
    };

    // The rivals send what Belfry sends, byte for byte but the transaction id.
    static string Template(string? dataRoot)
    {
        using var belfry = new BelfryContestant(1, dataRoot);
        return Trial.Sample(belfry);
    }
}

static class FanoutTable
{
    public static string Write(
        int clients, int rounds, double limit, Dictionary<string, List<TrialResult>> results, IEnumerable<string> versions, int bytes, string? dataRoot)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"## {clients:N0} sockets\n\n");
        text.Append(CultureInfo.InvariantCulture, $"`bench/load fanout --clients {clients} --rounds {rounds}{(dataRoot is null ? "" : $" --data {dataRoot}")}` · {Workplace.Machine()} · {string.Join("; ", versions)} · {DateTimeOffset.UtcNow:yyyy-MM-dd HH:mm} UTC · messages of {bytes} bytes · {rounds} rounds in turns, median (lowest–highest).\n\n");
        text.Row("server", $"held at p99 ≤ {limit} ms, deliveries/s", "p99 there, ms", "CPU there, µs/delivery", "most at all, deliveries/s", "10/s: CPU, µs/delivery", "10/s: p99, ms", "10/s: last subscriber, ms", "KB/connection idle", "after load");
        text.Append("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n");
        foreach (var (name, list) in results)
        {
            var held = list.Select(result => result.Held(limit)).OfType<Step>().ToList();
            text.Row(name, Figures(held.Select(static step => step.PerSecond), "N0"), Figures(held.Select(static step => step.Figures.P99), "F0"),
                Figures(held.Select(static step => step.CpuMicroseconds), "F1"), Figures(list.Select(static result => result.Most), "N0"),
                Figures(list.Select(static result => result.Paced.CpuMicroseconds), "F1"), Figures(list.Select(static result => result.Paced.Figures.P99), "F0"),
                Figures(list.Select(static result => result.Paced.Figures.LastSubscriber), "F0"), Figures(list.Select(static result => result.IdleKilobytes), "F1"),
                Figures(list.Select(static result => result.LoadedKilobytes), "F1"));
        }

        text.Append('\n');
        if (!results.TryGetValue("belfry", out var ours)) return text.ToString();
        foreach (var (name, list) in results.Where(static entry => entry.Key != "belfry"))
        {
            text.Append(CultureInfo.InvariantCulture, $"- Belfry over {name}: **{Rate(ours) / Rate(list):F1}x** deliveries/s held ({Rate(ours) / list.Max(static result => result.Most):F1}x of the most that {name} reached at all, however late); CPU per delivery at 10/s {Median(ours.Select(static result => result.Paced.CpuMicroseconds)) / Median(list.Select(static result => result.Paced.CpuMicroseconds)):F2}x; last subscriber at 10/s {Median(ours.Select(static result => result.Paced.Figures.LastSubscriber)) / Median(list.Select(static result => result.Paced.Figures.LastSubscriber)):F2}x\n");
        }

        return text.ToString();

        double Rate(List<TrialResult> list) => Median(list.Select(result => result.Held(limit)?.PerSecond ?? 0));
    }

    static double Median(IEnumerable<double> values) => Workplace.Median([.. values]);

    static string Figures(IEnumerable<double> values, string format)
    {
        var all = values.ToList();
        if (all.Count == 0) return "none";
        var median = F(Median(all));
        return all.Count == 1 ? median : $"{median} ({F(all.Min())}–{F(all.Max())})";

        string F(double value) => value.ToString(format, CultureInfo.InvariantCulture);
    }
}
