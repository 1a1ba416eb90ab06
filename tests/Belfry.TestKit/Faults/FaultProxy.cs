using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Belfry.TestKit.Nodes;

namespace Belfry.TestKit.Faults;

/// <summary>What a <see cref="FaultProxy"/> does to the bytes on their way to the client, and (latency and slicing only) on their way to the server.</summary>
public sealed record FaultPlan
{
    /// <summary>Repeats the same choices in every run.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Each chunk waits between nothing and this long.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>Each chunk is cut into pieces of 1 to this many bytes, sent one by one; 0 passes chunks whole.</summary>
    public int SliceUpTo { get; init; }

    /// <summary>The connection is reset (RST) when this many bytes have reached the client.</summary>
    public long? ResetAfter { get; init; }

    /// <summary>The server's half of the connection ends (FIN) when this many bytes have reached the client; the other half stays open.</summary>
    public long? HalfCloseAfter { get; init; }

    /// <summary>Nothing more arrives after this many bytes, and nothing is closed.</summary>
    public long? StallAfter { get; init; }

    /// <summary>The byte at this offset has one bit flipped.</summary>
    public long? CorruptAt { get; init; }

    /// <summary>The chance of each byte to have one bit flipped.</summary>
    public double CorruptionRate { get; init; }
}

/// <summary>A TCP proxy on a loopback port that spoils what passes through it. The plan may change at any time and counts from the next chunk on.</summary>
public sealed class FaultProxy : IAsyncDisposable
{
    readonly FreePort port = FreePort.Lease();
    readonly CancellationTokenSource stopping = new();
    readonly ConcurrentDictionary<int, ProxiedConnection> live = new();
    readonly Func<EndPoint> target;
    readonly Socket listener;
    readonly Task accepting;
    volatile FaultPlan plan;
    volatile bool refusing;
    int accepted;

    FaultProxy(Func<EndPoint> target, FaultPlan plan)
    {
        this.target = target;
        this.plan = plan;
        listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(port.EndPoint);
        listener.Listen(64);
        accepting = Task.Run(AcceptAsync);
    }

    /// <summary>Where clients connect.</summary>
    public IPEndPoint EndPoint => port.EndPoint;

    /// <summary>Connections accepted so far.</summary>
    public int Accepted => Volatile.Read(ref accepted);

    /// <summary>Connections open now.</summary>
    public int Live => live.Count;

    /// <summary>The faults from now on.</summary>
    public FaultPlan Plan
    {
        get => plan;
        set => plan = value;
    }

    /// <summary>While true, new connections are reset at once, as by a program that is not there.</summary>
    public bool Refusing
    {
        get => refusing;
        set => refusing = value;
    }

    /// <summary>Starts a proxy in front of <paramref name="target"/>.</summary>
    public static FaultProxy Start(EndPoint target, FaultPlan? plan = null) => new(() => target, plan ?? new FaultPlan());

    /// <summary>Starts a proxy that asks for each connection where it goes: a load balancer.</summary>
    public static FaultProxy StartBalancing(Func<EndPoint> target, FaultPlan? plan = null) => new(target, plan ?? new FaultPlan());

    /// <summary>Resets every open connection, on both sides.</summary>
    public void ResetAll()
    {
        foreach (var connection in live.Values) connection.Reset();
    }

    /// <summary>Ends the server's half of every open connection; the clients may still send.</summary>
    public void HalfCloseAll()
    {
        foreach (var connection in live.Values) connection.HalfClose();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Dispose();
        await accepting;
        await Task.WhenAll(live.Values.Select(connection => connection.Completion));
        port.Dispose();
        stopping.Dispose();
    }

    async Task AcceptAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            Socket client;
            try
            {
                client = await listener.AcceptAsync(stopping.Token);
            }
            catch (Exception problem) when (problem is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                return;
            }

            var number = Interlocked.Increment(ref accepted);
            var connection = new ProxiedConnection(this, client, number);
            live[number] = connection;
            connection.Start(() => live.TryRemove(number, out _));
        }
    }

    sealed class ProxiedConnection(FaultProxy proxy, Socket client, int number)
    {
        readonly Socket server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

        public Task Completion { get; private set; } = Task.CompletedTask;

        public void Start(Action ended) => Completion = Task.Run(async () =>
        {
            try
            {
                await RunAsync();
            }
            catch (Exception problem) when (problem is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                // The end of a connection is the ordinary case here, however it comes.
            }
            finally
            {
                Reset();
                ended();
            }
        });

        public void Reset()
        {
            // Linger 0 turns the close into RST.
            client.Close(0);
            server.Close(0);
        }

        public void HalfClose()
        {
            try
            {
                client.Shutdown(SocketShutdown.Send);
            }
            catch (Exception problem) when (problem is SocketException or ObjectDisposedException)
            {
                // It ended by itself meanwhile.
            }
        }

        async Task RunAsync()
        {
            if (proxy.Refusing) return;
            client.NoDelay = true;
            await server.ConnectAsync(proxy.target(), proxy.stopping.Token);
            var toServer = PumpAsync(client, server, towardsClient: false);
            var toClient = PumpAsync(server, client, towardsClient: true);
            // A half-closed connection lives on in the other direction; a reset ends both.
            await Task.WhenAll(toServer, toClient);
        }

        async Task PumpAsync(Socket from, Socket to, bool towardsClient)
        {
            var random = new Random(HashCode.Combine(proxy.Plan.Seed, number, towardsClient));
            var buffer = new byte[64 * 1024];
            long passed = 0;
            while (await from.ReceiveAsync(buffer, proxy.stopping.Token) is var length and > 0)
            {
                var chunk = buffer.AsMemory(0, length);
                var plan = proxy.Plan;
                if (plan.Latency > TimeSpan.Zero) await Task.Delay(plan.Latency * random.NextDouble(), proxy.stopping.Token);
                if (!towardsClient)
                {
                    await SendAsync(to, chunk, plan, random);
                    continue;
                }

                Corrupt(chunk.Span, passed, plan, random);
                while (!chunk.IsEmpty)
                {
                    plan = proxy.Plan;
                    var part = chunk[..(int)Math.Clamp(Limit(plan) - passed, 0, chunk.Length)];
                    await SendAsync(to, part, plan, random);
                    chunk = chunk[part.Length..];
                    passed += part.Length;
                    if (passed >= Limit(plan) && !await MayGoOnAsync(plan, passed)) return;
                }
            }

            to.Shutdown(SocketShutdown.Send);
        }

        static long Limit(FaultPlan plan) =>
            Math.Min(plan.ResetAfter ?? long.MaxValue, Math.Min(plan.HalfCloseAfter ?? long.MaxValue, plan.StallAfter ?? long.MaxValue));

        /// <summary>Does what the plan has for this offset; true when the stream goes on: a stall ends when the plan no longer has one.</summary>
        async ValueTask<bool> MayGoOnAsync(FaultPlan plan, long passed)
        {
            if (plan.ResetAfter is { } reset && passed >= reset)
            {
                Reset();
                return false;
            }

            if (plan.HalfCloseAfter is { } half && passed >= half)
            {
                HalfClose();
                return false;
            }

            while (proxy.Plan.StallAfter is not null) await Task.Delay(5, proxy.stopping.Token);
            return true;
        }

        async ValueTask SendAsync(Socket to, ReadOnlyMemory<byte> bytes, FaultPlan plan, Random random)
        {
            while (!bytes.IsEmpty)
            {
                var size = plan.SliceUpTo > 0 ? Math.Min(bytes.Length, random.Next(1, plan.SliceUpTo + 1)) : bytes.Length;
                var sent = await to.SendAsync(bytes[..size], proxy.stopping.Token);
                bytes = bytes[sent..];
            }
        }

        static void Corrupt(Span<byte> bytes, long offset, FaultPlan plan, Random random)
        {
            if (plan.CorruptAt is { } at && at >= offset && at < offset + bytes.Length) bytes[(int)(at - offset)] ^= 1;
            if (plan.CorruptionRate <= 0) return;
            for (var i = 0; i < bytes.Length; i++)
            {
                if (random.NextDouble() < plan.CorruptionRate) bytes[i] ^= (byte)(1 << random.Next(8));
            }
        }
    }
}
