using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Belfry.TestKit.Nodes;

namespace Belfry.TestKit.Faults;

/// <summary>An answer as bytes on the wire, and whether the connection ends behind it.</summary>
public readonly record struct WireAnswer(byte[] Bytes, bool Close = false, TimeSpan PauseBetweenBytes = default)
{
    /// <summary>A well-formed HTTP answer; <paramref name="claimedLength"/> other than the body's makes it a lie.</summary>
    public static WireAnswer Http(string body, int status = 200, string? headers = null, int? claimedLength = null)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        var head = string.Create(
            CultureInfo.InvariantCulture, $"HTTP/1.1 {status} Whatever\r\nContent-Type: application/json\r\nContent-Length: {claimedLength ?? bytes.Length}\r\n{headers}\r\n");
        return new WireAnswer([.. Encoding.ASCII.GetBytes(head), .. bytes], Close: claimedLength is { } claimed && claimed != bytes.Length);
    }
}

/// <summary>HTTP on a loopback port, as plainly as possible, so that every byte of an answer can be wrong: POSTs of JSON in, whatever the handler says out.</summary>
public sealed class SpoiltHttpServer : IAsyncDisposable
{
    readonly FreePort port = FreePort.Lease();
    readonly CancellationTokenSource stop = new();
    readonly ConcurrentDictionary<Task, byte> connections = new();
    readonly Func<JsonElement, WireAnswer> answer;
    readonly TcpListener listener;
    readonly Task accepting;

    /// <summary>Serves at once.</summary>
    /// <param name="answer">Called for each request with its JSON; may be called from several threads.</param>
    public SpoiltHttpServer(Func<JsonElement, WireAnswer> answer)
    {
        this.answer = answer;
        listener = new TcpListener(port.EndPoint);
        listener.Start();
        accepting = Task.Run(AcceptAsync);
    }

    /// <summary>Where it listens.</summary>
    public System.Net.IPEndPoint EndPoint => port.EndPoint;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting;
        await Task.WhenAll(connections.Keys);
        stop.Dispose();
        port.Dispose();
    }

    async Task AcceptAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            TcpClient client;
            try
            {
                client = await listener.AcceptTcpClientAsync(stop.Token);
            }
            catch (Exception problem) when (problem is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }

            var serving = Task.Run(() => ServeAsync(client));
            connections.TryAdd(serving, 0);
            _ = serving.ContinueWith(ended => connections.TryRemove(ended, out _), TaskScheduler.Default);
        }
    }

    async Task ServeAsync(TcpClient client)
    {
        using var own = client;
        client.NoDelay = true;
        var stream = client.GetStream();
        using var received = new MemoryStream();
        var chunk = new byte[64 * 1024];
        try
        {
            while (true)
            {
                if (Request(received) is not { } body)
                {
                    if (await stream.ReadAsync(chunk, stop.Token) is not (> 0 and var read)) return;
                    await received.WriteAsync(chunk.AsMemory(0, read), stop.Token);
                    continue;
                }

                received.SetLength(0);
                var reply = answer(JsonElement.Parse(body));
                await SendAsync(stream, reply);
                if (reply.Close || reply.Bytes.Length == 0) return;
            }
        }
        catch (Exception problem) when (problem is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The client has had enough, or this server is done.
        }
    }

    async Task SendAsync(NetworkStream stream, WireAnswer reply)
    {
        if (reply.PauseBetweenBytes == default)
        {
            await stream.WriteAsync(reply.Bytes, stop.Token);
            return;
        }

        for (var at = 0; at < reply.Bytes.Length; at++)
        {
            await stream.WriteAsync(reply.Bytes.AsMemory(at, 1), stop.Token);
            await Task.Delay(reply.PauseBetweenBytes, stop.Token);
        }
    }

    // One request at a time on a connection: Belfry's client does not send ahead.
    static byte[]? Request(MemoryStream received)
    {
        var bytes = received.GetBuffer().AsSpan(0, (int)received.Length);
        var end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0) return null;
        var head = Encoding.ASCII.GetString(bytes[..end]);
        var length = int.Parse(head.Split("Content-Length: ")[1].Split('\r')[0], CultureInfo.InvariantCulture);
        return bytes.Length - end - 4 >= length ? bytes.Slice(end + 4, length).ToArray() : null;
    }
}
