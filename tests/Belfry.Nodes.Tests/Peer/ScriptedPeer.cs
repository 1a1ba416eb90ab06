using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Belfry.Nodes.Bitcoin.Peer;

namespace Belfry.Nodes.Tests.Peer;

/// <summary>A peer that says what the test wants, on a real socket. Every connection gets the same script.</summary>
sealed class ScriptedPeer : IAsyncDisposable
{
    public static readonly PeerParameters Parameters = PeerParameters.Find("btc", "regtest")!;

    readonly TcpListener listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource stopping = new();
    readonly Task serving;
    int connections;

    public ScriptedPeer(Func<Line, Task> script)
    {
        listener.Start();
        serving = Task.Run(() => ServeAsync(script));
    }

    public IPEndPoint EndPoint => (IPEndPoint)listener.LocalEndpoint;

    public int Connections => Volatile.Read(ref connections);

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Dispose();
        await serving;
        stopping.Dispose();
    }

    async Task ServeAsync(Func<Line, Task> script)
    {
        var lines = new List<Task>();
        while (await AcceptAsync() is { } client)
        {
            Interlocked.Increment(ref connections);
            lines.Add(Task.Run(() => PlayAsync(script, client)));
        }

        await Task.WhenAll(lines);
    }

    async Task<TcpClient?> AcceptAsync()
    {
        try
        {
            return await listener.AcceptTcpClientAsync(stopping.Token);
        }
        catch (Exception problem) when (problem is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            return null;
        }
    }

    async Task PlayAsync(Func<Line, Task> script, TcpClient client)
    {
        using (client)
        {
            try
            {
                await script(new Line(client, stopping.Token));
            }
            catch (Exception problem) when (problem is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // The other side hung up, which is what most scripts provoke.
            }
        }
    }

    /// <summary>One connection, from the scripted side.</summary>
    public sealed class Line(TcpClient client, CancellationToken stopping)
    {
        readonly PipeReader input = PipeReader.Create(client.GetStream());

        public Task RawAsync(ReadOnlyMemory<byte> bytes) => client.GetStream().WriteAsync(bytes, stopping).AsTask();

        public Task SayAsync(string command, params byte[] payload) => RawAsync(PeerFraming.Write(Parameters.Magic, command, payload));

        public async Task<PeerFrame> HearAsync(string? command = null)
        {
            while (true)
            {
                var result = await input.ReadAsync(stopping);
                var buffer = result.Buffer;
                var whole = PeerFraming.TryRead(ref buffer, Parameters.Magic, Parameters.MaxMessageBytes, out var frame);
                input.AdvanceTo(buffer.Start, whole ? buffer.Start : buffer.End);
                if (whole && (command is null || frame.Command == command)) return frame;
                if (!whole && result.IsCompleted) throw new IOException("The client hung up.");
            }
        }

        /// <summary>Shakes hands and then answers pings, until the client hangs up or the script goes on.</summary>
        public async Task GreetAsync()
        {
            await HearAsync("version");
            await SayAsync("version", PeerPayloads.Version(Parameters, "/scripted:\u0001/", 1, DateTimeOffset.UnixEpoch));
            await SayAsync("verack");
            await HearAsync("verack");
        }

        public async Task AnswerPingsAsync()
        {
            while (true)
            {
                var ping = await HearAsync("ping");
                await SayAsync("pong", ping.Payload);
            }
        }

        public Task WaitAsync() => Task.Delay(Timeout.Infinite, stopping);
    }
}
