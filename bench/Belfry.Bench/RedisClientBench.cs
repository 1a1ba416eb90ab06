using System.Diagnostics;
using System.Globalization;
using System.Text;
using Belfry.Redis.Connection;
using Belfry.TestKit.Redis;

namespace Belfry.Bench;

/// <summary>Single commands of many callers through Belfry's client, through ioredis, and through redis-benchmark with as many in its pipeline; in turns, against one private server.</summary>
static class RedisClientBench
{
    const int Bytes = 100;
    static readonly byte[] Value = [.. Enumerable.Repeat((byte)'x', Bytes)];
    static readonly RedisReading<int> Length = static (ref RespReader reply) => reply.ReadBytes().Length;

    public static async Task RunAsync(string[] arguments)
    {
        var (rounds, seconds) = arguments is ["--smoke"] ? (1, 0.2) : (5, 1.0);
        await using var server = await RedisServer.StartNewAsync();
        await using var redis = new RedisConnection(new RedisOptions { Endpoints = [new RedisEndpoint("127.0.0.1", server.Port)] });
        using var rival = await Rival.StartAsync("ioredis.mjs", server.Port.ToString(CultureInfo.InvariantCulture));
        var table = new StringBuilder();
        var allocated = new List<double>();
        foreach (var callers in new[] { 1, 50, 1000, 10_000 })
        {
            foreach (var kind in new[] { "set", "get", "incr" }) allocated.Add(await CompareAsync(table, redis, rival, server.Port, kind, callers, rounds, seconds));
        }

        var text = new StringBuilder("# Redis client\n\n");
        text.Append(CultureInfo.InvariantCulture, $"`dotnet run -c Release --project bench/Belfry.Bench -- redis-client` · {Workplace.Machine()} · {rival.Name} · redis-server on the same machine over loopback · values of {Bytes} bytes · {rounds} rounds of {seconds} s in turns, median (best).\n\n");
        text.Append("Each caller sends its next command when the last one was answered; all of them share one socket. `redis-benchmark` has one connection and as many commands in its pipeline (`-c 1 -P callers`, at most 1,000), and reads answers without giving them to anybody: it shows what the server and the socket bear.\n\n");
        text.Append("| command | callers | Belfry, 1/s | ioredis, 1/s | ioredis with enableAutoPipelining, 1/s | redis-benchmark, 1/s | Belfry ÷ ioredis | ÷ ioredis auto-pipelining | ÷ redis-benchmark | bytes allocated per command |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n");
        text.Append(table);
        text.Append(CultureInfo.InvariantCulture, $"\nGoal: at least 3 times ioredis. Bytes allocated per command are those of the whole process, readers and callers included (most: {allocated.Max():F1}).\n");
        if (arguments is ["--smoke"]) Console.WriteLine(text);
        else Workplace.Publish("redis.md", text.ToString());
    }

    static async Task<double> CompareAsync(StringBuilder table, RedisConnection redis, Rival rival, int port, string kind, int callers, int rounds, double seconds)
    {
        var (ours, plain, auto, raw, bytes) = (new List<double>(), new List<double>(), new List<double>(), new List<double>(), new List<double>());
        // A round of each before it counts: compiled code, warm server, grown buffers.
        for (var round = -1; round < rounds; round++)
        {
            var (rate, allocated) = await RunOursAsync(redis, kind, callers, seconds);
            var rivalPlain = await RunRivalAsync(rival, kind, callers, seconds, "plain");
            var rivalAuto = await RunRivalAsync(rival, kind, callers, seconds, "auto");
            var benchmark = await RunBenchmarkAsync(port, kind, Math.Min(callers, 1000), (int)(rate * seconds));
            if (round < 0) continue;
            ours.Add(rate);
            plain.Add(rivalPlain);
            auto.Add(rivalAuto);
            raw.Add(benchmark);
            bytes.Add(allocated);
        }

        static string Cell(List<double> runs) => string.Create(CultureInfo.InvariantCulture, $"{Workplace.Median(runs):N0} ({runs.Max():N0})");
        string Ratio(List<double> other) => string.Create(CultureInfo.InvariantCulture, $"**{Workplace.Median(ours) / Workplace.Median(other):F2}**");
        table.Row(kind.ToUpperInvariant(), callers.ToString("N0", CultureInfo.InvariantCulture), Cell(ours), Cell(plain), Cell(auto), Cell(raw), Ratio(plain), Ratio(auto), Ratio(raw), Workplace.Median(bytes).ToString("F1", CultureInfo.InvariantCulture));
        Console.WriteLine(table.ToString().Split('\n')[^2]);
        return Workplace.Median(bytes);
    }

    static async Task<(double Rate, double Bytes)> RunOursAsync(RedisConnection redis, string kind, int callers, double seconds)
    {
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var start = Stopwatch.GetTimestamp();
        var end = start + (long)(seconds * Stopwatch.Frequency);
        var counts = await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(() => CallAsync(redis, kind, caller, end))));
        var elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var count = counts.Sum();
        return (count / elapsed, (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)count);
    }

    static async Task<long> CallAsync(RedisConnection redis, string kind, int caller, long end)
    {
        var value = Encoding.ASCII.GetBytes($"value:{caller}");
        var counter = Encoding.ASCII.GetBytes($"counter:{caller}");
        long count = 0;
        do
        {
            if (kind == "get") await redis.SendAsync(new RedisCommand("GET", value), Length, CancellationToken.None);
            else if (kind == "set") await redis.SendAsync(new RedisCommand("SET", value, Value), RedisRead.Ok, CancellationToken.None);
            else await redis.SendAsync(new RedisCommand("INCR", counter), RedisRead.Integer, CancellationToken.None);
            count++;
        }
        while (Stopwatch.GetTimestamp() < end);
        return count;
    }

    static async Task<double> RunRivalAsync(Rival rival, string kind, int callers, double seconds, string mode)
    {
        var (milliseconds, count) = await rival.RunAsync(string.Create(CultureInfo.InvariantCulture, $"{kind} {callers} {seconds} {mode}"));
        return count / milliseconds * 1000;
    }

    static async Task<double> RunBenchmarkAsync(int port, string kind, int pipeline, int count)
    {
        var start = new ProcessStartInfo("redis-benchmark", ["-h", "127.0.0.1", "-p", $"{port}", "-c", "1", "-P", $"{pipeline}", "-n", $"{count}", "-d", $"{Bytes}", "-r", $"{pipeline}", "-t", kind, "--csv"]) { RedirectStandardOutput = true, UseShellExecute = false };
        using var process = Process.Start(start) ?? throw new InvalidOperationException("redis-benchmark did not start: it comes with redis-tools");
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        // "SET","606060.62",… after a line of headings.
        var line = output.Split('\n').Last(candidate => candidate.StartsWith('"') && !candidate.Contains("rps", StringComparison.Ordinal));
        return double.Parse(line.Split(',')[1].Trim('"'), CultureInfo.InvariantCulture);
    }
}
