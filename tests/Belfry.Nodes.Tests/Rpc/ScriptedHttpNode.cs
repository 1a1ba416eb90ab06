using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin.Rpc;
using Microsoft.Extensions.Logging.Abstractions;

namespace Belfry.Nodes.Tests.Rpc;

/// <summary>An HTTP server on loopback that answers each POST with exactly the bytes that a test wants, and says what it was asked.</summary>
sealed class ScriptedHttpNode : IAsyncDisposable
{
    readonly TcpListener listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource stop = new();
    readonly ConcurrentBag<Task> connections = [];
    readonly Task accepting;

    public ScriptedHttpNode()
    {
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>Answers one request: its number from 1, its JSON. The bytes are the whole HTTP answer; an empty array closes the connection without one.</summary>
    public required Func<int, JsonElement, byte[]> Answer { get; set; }

    public int Requests => Volatile.Read(ref requests);

    public int Connections => connections.Count;

    public ConcurrentQueue<string> Headers { get; } = new();

    public string Url => $"http://user:secret@127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";

    int requests;

    public NodeRpc Connect(RpcOptions? options = null, string? url = null, string? cookieFile = null, TimeProvider? clock = null) => new(
        RpcEndpoint.Parse(url ?? Url, cookieFile, "Chains:btc:Rpc"), TcpNetwork.Instance, clock ?? TimeProvider.System, SystemEntropy.Instance, NullLogger.Instance,
        options ?? new RpcOptions { CallTimeout = TimeSpan.FromSeconds(10), BackoffBase = TimeSpan.FromMilliseconds(1) });

    public static byte[] Http(string body, int status = 200, string? headers = null, int? claimedLength = null) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture, $"HTTP/1.1 {status} Whatever\r\nContent-Type: application/json\r\nContent-Length: {claimedLength ?? Encoding.UTF8.GetByteCount(body)}\r\n{headers}\r\n{body}"));

    public static byte[] Result(JsonElement request, string result) => Http($$"""{"result":{{result}},"error":null,"id":{{request.GetProperty("id")}}}""");

    public static byte[] Error(JsonElement request, int code, string message, int status = 500) =>
        Http($$"""{"result":null,"error":{"code":{{code}},"message":{{JsonSerializer.Serialize(message)}}},"id":{{request.GetProperty("id")}}}""", status);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting;
        await Task.WhenAll(connections);
        stop.Dispose();
    }

    async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(stop.Token);
                connections.Add(ServeAsync(client));
            }
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
        }
    }

    async Task ServeAsync(TcpClient client)
    {
        using var own = client;
        var stream = client.GetStream();
        var buffer = new MemoryStream();
        var chunk = new byte[65536];
        try
        {
            while (true)
            {
                var (headers, body) = Split(buffer);
                if (body is null)
                {
                    var read = await stream.ReadAsync(chunk, stop.Token);
                    if (read == 0) return;
                    await buffer.WriteAsync(chunk.AsMemory(0, read), stop.Token);
                    continue;
                }

                buffer.SetLength(0);
                Headers.Enqueue(headers);
                var answer = Answer(Interlocked.Increment(ref requests), JsonElement.Parse(body));
                await stream.WriteAsync(answer, stop.Token);
                // What claims more than it brings, or brings nothing, ends the connection.
                if (answer.Length == 0 || Encoding.ASCII.GetString(answer).Contains("Connection: close", StringComparison.Ordinal)) return;
            }
        }
        catch (Exception problem) when (problem is IOException or OperationCanceledException)
        {
        }
    }

    static (string Headers, string? Body) Split(MemoryStream buffer)
    {
        var text = Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0) return ("", null);
        var length = int.Parse(text.Split("Content-Length: ")[1].Split('\r')[0], CultureInfo.InvariantCulture);
        return text.Length - end - 4 >= length ? (text[..end], text.Substring(end + 4, length)) : ("", null);
    }
}
