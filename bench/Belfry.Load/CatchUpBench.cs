using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Belfry.Bench;
using Belfry.Load.Node;
using Belfry.Load.Servers;

namespace Belfry.Load;

/// <summary>
/// Working in blocks that came while nobody looked, beside a client that asks the same node for the same blocks and throws them away: what Belfry takes longer is
/// its own. The node answers from memory, faster than any real one.
/// </summary>
static class CatchUpBench
{
    const int Rounds = 3, Watched = 100_000;

    public static async Task<int> RunAsync(int blocks, string? dataRoot)
    {
        var block = await File.ReadAllBytesAsync(Workplace.Data("btc/mainnet_866342.raw"));
        using var node = new BenchNode(block);
        using var server = new BelfryProcess(node, dataRoot);
        await server.WatchAsync(new Payments(3).DrawAddresses(Watched).Select(static entry => entry.Address));
        await CatchUpAsync(20);
        var (ours, cpu, bare) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            var before = server.Cpu;
            ours.Add(await CatchUpAsync(blocks));
            cpu.Add((server.Cpu - before).TotalMilliseconds / blocks);
            bare.Add(Fetch(node, blocks));
            await Console.Error.WriteLineAsync($"round {round + 1}: {ours[^1]:F2} ms a block ({cpu[^1]:F2} CPU), bare client {bare[^1]:F2}");
        }

        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"## Catch-up\n\n`bench/load catchup{(blocks == 200 ? "" : $" --blocks {blocks}")}` · {Workplace.Machine()} · {DateTimeOffset.UtcNow:yyyy-MM-dd HH:mm} UTC · {blocks} blocks of {block.Length:N0} bytes and 4,864 transactions (those of block 866342 behind headers of their own), {Watched:N0} addresses watched, none of them paid; the node answers from memory; median of {Rounds} rounds in turns.\n\n");
        text.Row("", "ms per block", "MB/s of blocks");
        text.Append("|---|---:|---:|\n");
        Row("a client that asks for hash, header and block, one question after the other, and throws them away", Workplace.Median(bare));
        Row("Belfry: the same, hex decoded, all ids and the merkle root checked, matched, cursor and journal stored and synced", Workplace.Median(ours));
        text.Append(CultureInfo.InvariantCulture, $"\nBelfry over the bare client: **{Workplace.Median(ours) / Workplace.Median(bare):F2}**. CPU of the whole server process: {Workplace.Median(cpu):F2} ms a block.\n");
        Workplace.Publish("ingest-catchup.md", text.Append('\n').ToString());
        return 0;

        void Row(string name, double each) => text.Row(name, each.ToString("F2", CultureInfo.InvariantCulture), (block.Length / each / 1000).ToString("F0", CultureInfo.InvariantCulture));

        async Task<double> CatchUpAsync(int count)
        {
            var started = Stopwatch.GetTimestamp();
            node.Mine(count);
            while ((await server.GetAsync("/api/v1/chains"))[0].GetProperty("height").GetInt32() < node.Chain.Height) await Task.Delay(5);
            return Stopwatch.GetElapsedTime(started).TotalMilliseconds / count;
        }
    }

    static double Fetch(BenchNode node, int count)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(IPAddress.Loopback, node.RpcUrl.Port);
        var buffer = new byte[4 << 20];
        var started = Stopwatch.GetTimestamp();
        for (var height = node.Chain.Height - count + 1; height <= node.Chain.Height; height++)
        {
            Ask("getblockhash", $"{height}");
            var hash = node.Chain.HashAt(height);
            Ask("getblockheader", $"\"{hash}\",true");
            Ask("getblock", $"\"{hash}\",false");
        }

        return Stopwatch.GetElapsedTime(started).TotalMilliseconds / count;

        void Ask(string method, string parameters)
        {
            var body = $$"""{"jsonrpc":"1.0","id":1,"method":"{{method}}","params":[{{parameters}}]}""";
            socket.Send(Encoding.ASCII.GetBytes($"POST / HTTP/1.1\r\nHost: node\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
            var filled = socket.Receive(buffer);
            int end;
            while ((end = buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8)) < 0) filled += socket.Receive(buffer.AsSpan(filled));
            var head = Encoding.ASCII.GetString(buffer, 0, end);
            var total = end + 4 + int.Parse(head.Split("Content-Length: ")[1].Split('\r')[0], CultureInfo.InvariantCulture);
            while (filled < total) filled += socket.Receive(buffer.AsSpan(filled));
        }
    }
}
