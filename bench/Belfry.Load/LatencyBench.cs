using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Belfry.Bench;
using Belfry.Load.Clients;
using Belfry.Load.Node;
using Belfry.Load.Servers;
using Microsoft.Win32.SafeHandles;

namespace Belfry.Load;

/// <summary>
/// From the node's ZeroMQ message to the frame at a client, one message at a time: through Belfry (decoded, matched, sender and fee asked of the node, stored, synced,
/// journalled), and through the relay that people write by hand (nothing of that).
/// </summary>
static class LatencyBench
{
    const int Watched = 1000, PerTurn = 100, WarmUp = 1500;

    public static async Task<int> RunAsync(int rounds, string memoryRoot)
    {
        var scratch = Directory.CreateDirectory(Path.Combine(Workplace.Root, "artifacts", $"load-latency-{Guid.NewGuid():n}")).FullName;
        try
        {
            var ways = new List<Way>
            {
                await Way.RelayAsync("relay: ZeroMQ to WebSocket in Node, nothing stored", null),
                await Way.RelayAsync("the same, but each message written and synced (`fdatasync`) before it is sent", Path.Combine(scratch, "relay.log")),
                await Way.BelfryAsync("Belfry, durable on this disk", null),
                await Way.BelfryAsync("Belfry with its data in memory (`/dev/shm`): what is left without the disk's sync", memoryRoot),
            };
            foreach (var way in ways) way.Turn(WarmUp, record: false, pause: false);
            var syncs = new List<double>();
            for (var round = 0; round < rounds; round++)
            {
                foreach (var way in ways) way.Turn(PerTurn, record: true, pause: true);
                syncs.AddRange(Syncs(Path.Combine(scratch, "sync"), 30));
                await Console.Error.WriteLineAsync($"round {round + 1}: {string.Join(", ", ways.Select(static way => $"{way.Percentile(0.5):F2}"))} ms");
            }

            Workplace.Publish("latency.md", Write(ways, syncs, rounds));
            foreach (var way in ways) way.Dispose();
            return ways[2].Percentile(0.5) <= 3 * ways[0].Percentile(0.5) ? 0 : 1;
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    static string Write(List<Way> ways, List<double> syncs, int rounds)
    {
        var text = new StringBuilder();
        text.Append("# Node message to client frame\n\n");
        text.Append(CultureInfo.InvariantCulture, $"`bench/load latency --rounds {rounds}` · {Workplace.Machine()} · {ways[0].Version} · {DateTimeOffset.UtcNow:yyyy-MM-dd HH:mm} UTC · {rounds * PerTurn} messages each, one at a time, in turns of {PerTurn}.\n\n");
        text.Row("way", "p50, ms", "p90, ms", "p99, ms", "p50 over the relay's");
        text.Append("|---|---:|---:|---:|---:|\n");
        foreach (var way in ways)
            text.Row(way.Name, F(way.Percentile(0.5)), F(way.Percentile(0.9)), F(way.Percentile(0.99)), F(way.Percentile(0.5) / ways[0].Percentile(0.5)));
        syncs.Sort();
        text.Row("one `fdatasync` of 8 KB on this disk, alone", F(syncs[syncs.Count / 2]), F(syncs[syncs.Count * 9 / 10]), F(syncs[syncs.Count * 99 / 100]), F(syncs[syncs.Count / 2] / ways[0].Percentile(0.5)));
        text.Append(CultureInfo.InvariantCulture, $"\nGoal: p50 at most 3 times the relay's. Belfry over the relay that also syncs: **{ways[2].Percentile(0.5) / ways[1].Percentile(0.5):F2}**.\n");
        return text.ToString();

        static string F(double value) => value.ToString("F2", CultureInfo.InvariantCulture);
    }

    // The disk's own share, in the same minutes: preallocated, so that no metadata is synced along, as in a log that is written again and again.
    static List<double> Syncs(string path, int count)
    {
        var times = new List<double>();
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, preallocationSize: 8192L * count);
        var block = new byte[8192];
        for (var pass = 0; pass < 2; pass++)
        {
            times.Clear();
            for (var i = 0; i < count; i++)
            {
                var start = Stopwatch.GetTimestamp();
                RandomAccess.Write(file, block, 8192L * i);
                DataSync(file);
                times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
        }

        return times;
    }

    static void DataSync(SafeFileHandle file) => RandomAccess.FlushToDisk(file);

    sealed class Way : IDisposable
    {
        readonly BenchNode node;
        readonly ServerProcess server;
        readonly Socket client;
        readonly Payments payments = new(99);
        readonly IReadOnlyList<(string Address, byte[] Script)> addresses;
        readonly List<double> times = [];
        readonly Random pauses = new(1);
        int sent;

        Way(string name, BenchNode node, ServerProcess server, IDialect dialect, IReadOnlyList<(string, byte[])> addresses)
        {
            (Name, this.node, this.server, this.addresses) = (name, node, server, addresses);
            client = ClientSocket.Open(server.Endpoint, dialect, receiveBuffer: null);
        }

        public string Name { get; }

        public string Version => server is RivalProcess rival ? rival.Version : "";

        public static async Task<Way> RelayAsync(string name, string? log)
        {
            var fake = new BenchNode { Forgetful = true };
            var relay = new RivalProcess("relay.mjs", log is null ? [$"tcp://127.0.0.1:{fake.Zmq.Port}"] : [$"tcp://127.0.0.1:{fake.Zmq.Port}", log], hasFeed: false);
            while (fake.Zmq.Subscribers("rawtx") == 0) await Task.Delay(20);
            return new Way(name, fake, relay, new PlainDialect(), [("", new Payments(5).DrawAddresses(1)[0].Script)]);
        }

        public static async Task<Way> BelfryAsync(string name, string? dataRoot)
        {
            var fake = new BenchNode();
            var belfry = new BelfryProcess(fake, dataRoot);
            var drawn = new Payments(7).DrawAddresses(Watched);
            await belfry.WatchAsync(drawn.Select(static entry => entry.Address));
            return new Way(name, fake, belfry, new BelfryDialect(["new_transaction"]), drawn);
        }

        public void Turn(int count, bool record, bool pause)
        {
            for (var i = 0; i < count; i++)
            {
                if (pause) Thread.Sleep(pauses.Next(2, 12));
                var payment = payments.Pay(addresses[sent++ % addresses.Count].Script);
                var start = Stopwatch.GetTimestamp();
                node.Announce(payment.Id, payment.Raw);
                var frame = Frame.Receive(client);
                var took = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                if (server is BelfryProcess && !frame.Contains(payment.Id, StringComparison.Ordinal)) throw new InvalidOperationException($"another event than expected: {frame}");
                if (record) times.Add(took);
            }
        }

        public double Percentile(double share)
        {
            var sorted = times.Order().ToArray();
            return sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * share))];
        }

        public void Dispose()
        {
            client.Dispose();
            server.Dispose();
            node.Dispose();
        }
    }
}
