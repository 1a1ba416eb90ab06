using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Belfry.Bench;
using Belfry.Load.Clients;
using Belfry.Load.Node;
using Belfry.Load.Servers;

namespace Belfry.Load;

/// <summary>A million addresses: imported in bulk over REST, and named in one subscription over a WebSocket by deltas.</summary>
sealed class MillionBench : IDisposable
{
    const int PerDelta = 1000;
    readonly BenchNode node = new();
    readonly Payments payments = new(31);
    readonly BelfryProcess server;
    readonly StringBuilder text = new();
    long before;

    MillionBench(string? dataRoot)
    {
        server = new BelfryProcess(node, dataRoot);
        server.CollectGarbage();
        before = server.Memory;
    }

    public static async Task<int> RunAsync(int count, string? dataRoot)
    {
        using var bench = new MillionBench(dataRoot);
        var addresses = bench.payments.DrawAddresses(count);
        bench.text.Append(CultureInfo.InvariantCulture, $"# {count:N0} addresses\n\n`bench/load million{(count == 1_000_000 ? "" : $" --count {count}")}` · {Workplace.Machine()} · {DateTimeOffset.UtcNow:yyyy-MM-dd HH:mm} UTC · the whole server process with its store on disk; memory is resident memory after a full collection.\n\n");
        bench.text.Row("step", "time, s", "addresses/s", "process CPU, s", "memory it added, MB", "bytes per address");
        bench.text.Append("|---|---:|---:|---:|---:|---:|\n");
        await bench.StepAsync("bulk import as NDJSON over `POST /api/v1/watches/import` (50,000 lines a request), each line answered", count, () => bench.server.WatchAsync(addresses.Select(static entry => entry.Address)));
        using var client = ClientSocket.Open(bench.server.Endpoint, new BelfryDialect(["new_transaction"], []), receiveBuffer: null);
        await bench.StepAsync($"one subscription takes all of them in deltas of {PerDelta:N0} (`add_addresses`), each answered before the next is sent; they are watched already", count, () => Change(client, "add_addresses", addresses));
        // The first one also compiles the way; the others show it.
        var found = Enumerable.Range(1, 20).Select(i => bench.Reach(client, addresses[count / 2 + i].Script)).ToList();
        await Console.Error.WriteLineAsync($"payments: {string.Join(' ', found.Select(static took => F(took, 1)))} ms");
        await bench.StepAsync("half of them leave again (`remove_addresses`)", count / 2, () => Change(client, "remove_addresses", addresses.Take(count / 2)));
        bench.Miss(client, addresses[0].Script, addresses[^1].Script);
        await bench.StepAsync($"another subscription brings {count / 10:N0} that nobody watched before (stored, followed and active before each answer)", count / 10,
            () => Change(client, "add_addresses", bench.payments.DrawAddresses(count / 10)));
        bench.text.Append(CultureInfo.InvariantCulture, $"\nPayments to addresses of the million arrived {Workplace.Median(found.Skip(1).ToList()):F1} ms (median; the first {found[0]:F0} ms) after the node published them; one to an address that had left did not arrive, one to an address that had stayed did.\n");
        Workplace.Publish("million.md", bench.text.ToString());
        return 0;
    }

    public void Dispose()
    {
        server.Dispose();
        node.Dispose();
    }

    async Task StepAsync(string name, int count, Func<Task> work)
    {
        var (cpu, started) = (server.Cpu, Stopwatch.GetTimestamp());
        await work();
        var took = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var used = (server.Cpu - cpu).TotalSeconds;
        server.CollectGarbage();
        var after = server.Memory;
        text.Row(name, F(took, 1), (count / took).ToString("N0", CultureInfo.InvariantCulture), F(used, 1), F((after - before) / 1048576.0, 0), F((double)(after - before) / count, 0));
        await Console.Error.WriteLineAsync($"{name}: {took:F1} s, {used:F1} s CPU, {(after - before) / 1048576.0:F0} MB");
        before = after;
    }

    static async Task Change(Socket client, string type, IEnumerable<(string Address, byte[] Script)> addresses)
    {
        await Task.Yield();
        foreach (var part in addresses.Chunk(PerDelta))
        {
            Frame.Send(client, $$"""{"type":"{{type}}","addresses":[{{string.Join(',', part.Select(static entry => $"\"{entry.Address}\""))}}]}""");
            var answer = JsonDocument.Parse(Frame.Receive(client)).RootElement;
            var done = answer.TryGetProperty("added", out var number) || answer.TryGetProperty("removed", out number) ? number.GetInt32() : 0;
            if (done != part.Length || !answer.TryGetProperty("seq", out _)) throw new InvalidOperationException($"{type} of {part.Length} was answered {answer}");
        }
    }

    double Reach(Socket client, byte[] script)
    {
        var payment = payments.Pay(script);
        var started = Stopwatch.GetTimestamp();
        node.Announce(payment.Id, payment.Raw);
        var frame = Frame.Receive(client);
        if (!frame.Contains(payment.Id, StringComparison.Ordinal)) throw new InvalidOperationException($"another event than expected: {frame}");
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    // In one order, so that what does not come is known not to come when the later one is there.
    void Miss(Socket client, byte[] left, byte[] stayed)
    {
        var gone = payments.Pay(left);
        node.Announce(gone.Id, gone.Raw);
        Reach(client, stayed);
    }

    static string F(double value, int decimals) => value.ToString("F" + decimals, CultureInfo.InvariantCulture);
}
