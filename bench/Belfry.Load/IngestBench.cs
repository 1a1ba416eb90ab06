using System.Diagnostics;
using System.Globalization;
using System.Text;
using Belfry.Bench;
using Belfry.Load.Node;
using Belfry.Load.Servers;

namespace Belfry.Load;

/// <summary>What following a busy chain costs: transactions that concern nobody, by ZeroMQ, through the whole server process.</summary>
static class IngestBench
{

    public static async Task<int> RunAsync(int rate, int seconds, int payingOfThousand, int watched, string? dataRoot)
    {
        using var node = new BenchNode { Forgetful = true };
        using var server = new BelfryProcess(node, dataRoot);
        var payments = new Payments(77);
        var addresses = payments.DrawAddresses(payingOfThousand > 0 ? 1000 : watched);
        var import = await server.WatchAsync(addresses.Select(static entry => entry.Address));
        await Console.Error.WriteLineAsync($"pid {server.Id}, {addresses.Count} addresses watched, imported in {import.TotalSeconds:F1} s");
        var text = new StringBuilder();
        text.Row("transactions/s", "of them paying a watched address", "seconds", "process CPU, % of one core", "CPU per transaction, µs", "heard by the server");
        text.Append("|---:|---:|---:|---:|---:|---:|\n");
        await MeasureAsync(Math.Min(rate, 2000), 10);
        var worst = 0.0;
        for (var round = 0; round < 3; round++)
        {
            var (idle, _, _) = await MeasureAsync(0, Math.Min(seconds, 5));
            var (share, each, heard) = await MeasureAsync(rate, seconds);
            worst = Math.Max(worst, share);
            text.Row(rate, $"{payingOfThousand / 10.0} %", seconds, $"**{share:F1}** (idle {idle:F1})", F(each), heard);
            await Console.Error.WriteLineAsync($"{rate}/s: {share:F1} % of one core (idle {idle:F1} %), {each:F1} us each, {heard} heard");
        }

        Workplace.Publish("ingest-zmq.md", $"## Ingest of transactions that concern nobody\n\n`bench/load ingest --rate {rate} --seconds {seconds}{(payingOfThousand > 0 ? $" --paying {payingOfThousand}" : "")}` · {Workplace.Machine()} · {DateTimeOffset.UtcNow:yyyy-MM-dd HH:mm} UTC · {addresses.Count:N0} addresses watched\n\n{text}\n");
        return worst < 10 ? 0 : 1;

        async Task<(double Share, double Each, long Heard)> MeasureAsync(int perSecond, int length)
        {
            var batch = Enumerable.Range(0, perSecond * length).Select(i => payments.Pay(i % 1000 < payingOfThousand ? addresses[i % addresses.Count].Script : null)).ToArray();
            var before = await HeardAsync(server);
            var (cpu, started) = (server.Cpu, Stopwatch.GetTimestamp());
            if (perSecond == 0) await Task.Delay(TimeSpan.FromSeconds(length));
            Pace(node, batch, perSecond);
            var (used, took) = (server.Cpu - cpu, Stopwatch.GetElapsedTime(started));
            var heard = await HeardAsync(server);
            while (perSecond > 0 && heard - before < batch.Length && Stopwatch.GetElapsedTime(started) < took + TimeSpan.FromSeconds(10))
            {
                await Task.Delay(200);
                heard = await HeardAsync(server);
                used = server.Cpu - cpu;
            }

            return (100 * used.TotalSeconds / took.TotalSeconds, used.TotalMicroseconds / Math.Max(1, batch.Length), heard - before);
        }
    }

    static void Pace(BenchNode node, Payment[] batch, int rate)
    {
        var started = Stopwatch.GetTimestamp();
        for (var at = 0; at < batch.Length;)
        {
            var due = Math.Min(batch.Length, 1 + (int)(Stopwatch.GetElapsedTime(started).TotalSeconds * rate));
            for (; at < due; at++) node.Announce(batch[at].Id, batch[at].Raw);
            Thread.Sleep(1);
        }
    }

    // The server's own count of transactions that it has looked at.
    static async Task<long> HeardAsync(BelfryProcess server) =>
        (await server.MetricsAsync()).Split('\n')
            .Where(static line => line.StartsWith("belfry_mempool_transactions_", StringComparison.Ordinal))
            .Sum(static line => (long)double.Parse(line.Split(' ')[^1], CultureInfo.InvariantCulture));

    static string F(double value) => value.ToString("F1", CultureInfo.InvariantCulture);
}
