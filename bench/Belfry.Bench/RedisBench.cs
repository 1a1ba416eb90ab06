using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Core.Watches;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.Nodes.Bitcoin.Readers;

namespace Belfry.Bench;

/// <summary>Is one of the transaction's addresses watched? Asked of Belfry's index, and of a set in a private redis-server on the same machine.</summary>
static class RedisBench
{
    const int Watched = 1_000_000, Rounds = 5, Asked = 1000;

    public static async Task RunAsync(StringBuilder text)
    {
        var raw = await File.ReadAllBytesAsync(Workplace.Data("btc/mainnet_866342.raw"));
        var transactions = Transactions(raw).Take(Asked).ToArray();
        using var redis = await RedisServer.StartAsync();
        var index = new WatchIndex(new FingerprintKey(SystemEntropy.Instance));
        var script = new byte[22];
        script[1] = 20;
        var members = new List<byte[]>();
        var codec = new BitcoinAddressCodec(BitcoinNetworks.Find(new ChainId("btc"), "main"));
        for (var i = 0; i < Watched; i++)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(script.AsSpan(2), i);
            index.Add(new Script(script));
            members.Add(Encoding.ASCII.GetBytes(codec.Write(script)!));
        }

        redis.AddAll(members);
        var (ours, single, piped) = (double.MaxValue, double.MaxValue, double.MaxValue);
        for (var round = 0; round < Rounds; round++)
        {
            // Shorter by far, so often enough that it is compiled and a pause of the machine is not what is measured.
            for (var again = 0; again < 100; again++) ours = Math.Min(ours, Time(() => CountWatched(transactions, index)));
            single = Math.Min(single, Time(() => Count(transactions, transaction => transaction.Addresses.Any(redis.IsMember))));
            piped = Math.Min(piped, Time(() => Count(transactions, transaction => redis.AreMembers(transaction.Addresses))));
        }

        text.Append(CultureInfo.InvariantCulture, $"\n## SISMEMBER per address\n\n{Asked:N0} transactions of block 866342 ({transactions.Average(static entry => entry.Addresses.Count):F1} addresses each), {Watched:N0} watched, none found; redis-server {redis.Version} on the same machine over loopback, its best of {Rounds} rounds in turns with ours.\n\n");
        text.Row("asked", "µs per transaction", "times ours");
        text.Append("|---|---:|---:|\n");
        text.Row("Belfry's index, fingerprinting included", ours.ToString("F3", CultureInfo.InvariantCulture), "1");
        text.Row("SISMEMBER, one address after the other", single.ToString("F1", CultureInfo.InvariantCulture), (single / ours).ToString("F0", CultureInfo.InvariantCulture) + " (goal: at least 100)");
        text.Row("SISMEMBER, all addresses of the transaction in one pipeline", piped.ToString("F1", CultureInfo.InvariantCulture), (piped / ours).ToString("F0", CultureInfo.InvariantCulture));
    }

    static double Time(Func<int> work)
    {
        var start = Stopwatch.GetTimestamp();
        if (work() > 0) throw new InvalidOperationException("something was found that is not watched");
        return Stopwatch.GetElapsedTime(start).TotalMicroseconds / Asked;
    }

    static int CountWatched(Asking[] transactions, WatchIndex index)
    {
        var count = 0;
        foreach (var transaction in transactions)
        {
            foreach (var script in transaction.Scripts) count += index.Scripts.Contains(index.Key.Hash(script)) ? 1 : 0;
        }

        return count;
    }

    static int Count(Asking[] transactions, Func<Asking, bool> found)
    {
        var count = 0;
        foreach (var transaction in transactions) count += found(transaction) ? 1 : 0;
        return count;
    }

    static List<Asking> Transactions(byte[] raw)
    {
        var codec = new BitcoinAddressCodec(BitcoinNetworks.Find(new ChainId("btc"), "main"));
        var list = new List<Asking>();
        var block = new BlockReader(raw, TransactionFormat.Segwit);
        while (block.MoveNext())
        {
            var asking = new Asking([], []);
            foreach (var output in block.Current.Outputs)
            {
                if (codec.Write(output.Script) is not { } address) continue;
                asking.Scripts.Add(output.Script.ToArray());
                asking.Addresses.Add(Encoding.ASCII.GetBytes(address));
            }

            if (asking.Scripts.Count > 0) list.Add(asking);
        }

        return list;
    }

    sealed record Asking(List<byte[]> Scripts, List<byte[]> Addresses);

    /// <summary>A private server and the two commands that are needed of it.</summary>
    sealed class RedisServer : IDisposable
    {
        readonly Process process;
        readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        readonly byte[] buffer = new byte[1 << 20];

        RedisServer(Process process, string version) => (this.process, Version) = (process, version);

        public string Version { get; }

        public static async Task<RedisServer> StartAsync()
        {
            using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            var port = ((IPEndPoint)probe.LocalEndPoint!).Port;
            probe.Close();
            var started = Process.Start(new ProcessStartInfo("redis-server", ["--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
            string? version = null;
            while (await started.StandardOutput.ReadLineAsync() is { } line && !line.Contains("Ready to accept", StringComparison.Ordinal))
            {
                if (line.Contains("Redis version=", StringComparison.Ordinal)) version = line.Split("version=")[1].Split(',')[0];
            }

            var server = new RedisServer(started, version ?? "?");
            await server.socket.ConnectAsync(IPAddress.Loopback, port);
            return server;
        }

        public void AddAll(List<byte[]> members)
        {
            foreach (var chunk in members.Chunk(1000))
            {
                var command = new List<byte>(Encoding.ASCII.GetBytes($"*{chunk.Length + 2}\r\n$4\r\nSADD\r\n$1\r\nw\r\n"));
                foreach (var member in chunk) command.AddRange([.. Encoding.ASCII.GetBytes($"${member.Length}\r\n"), .. member, .. "\r\n"u8]);
                Send(command.ToArray());
                Receive(1);
            }
        }

        public bool IsMember(byte[] member)
        {
            Send(buffer.AsSpan(0, Write(0, member)));
            return Receive(1) > 0;
        }

        public bool AreMembers(List<byte[]> members)
        {
            var at = 0;
            foreach (var member in members) at = Write(at, member);
            Send(buffer.AsSpan(0, at));
            return Receive(members.Count) > 0;
        }

        public void Dispose()
        {
            socket.Dispose();
            process.Kill();
            process.WaitForExit(5000);
            process.Dispose();
        }

        int Write(int at, byte[] member)
        {
            at = Put(at, "*3\r\n$9\r\nSISMEMBER\r\n$1\r\nw\r\n$"u8);
            Utf8Formatter.TryFormat(member.Length, buffer.AsSpan(at), out var digits);
            at = Put(at + digits, "\r\n"u8);
            at = Put(at, member);
            return Put(at, "\r\n"u8);
        }

        int Put(int at, ReadOnlySpan<byte> part)
        {
            part.CopyTo(buffer.AsSpan(at));
            return at + part.Length;
        }

        void Send(ReadOnlySpan<byte> bytes)
        {
            while (!bytes.IsEmpty) bytes = bytes[socket.Send(bytes)..];
        }

        // Integer replies, ":0\r\n" or ":1\r\n"; how many were not zero.
        int Receive(int replies)
        {
            var (lines, found) = (0, 0);
            while (lines < replies)
            {
                var read = socket.Receive(buffer);
                foreach (var value in buffer.AsSpan(0, read))
                {
                    if (value == '\n') lines++;
                    else if (value is >= (byte)'1' and <= (byte)'9') found++;
                }
            }

            return found;
        }
    }
}
