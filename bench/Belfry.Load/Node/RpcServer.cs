using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Belfry.Load.Node;

/// <summary>A refusal with the node's error code.</summary>
sealed class RpcRefusal(int code, string message) : Exception(message)
{
    public int Code => code;
}

/// <summary>JSON-RPC over HTTP/1.1 with kept connections, one thread for each of the few that a server opens.</summary>
sealed class RpcServer : IDisposable
{
    readonly Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    readonly Action<string, JsonElement, Utf8JsonWriter> answer;
    readonly Lock gate = new();
    readonly List<Socket> open = [];

    public RpcServer(Action<string, JsonElement, Utf8JsonWriter> answer)
    {
        this.answer = answer;
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(64);
        new Thread(AcceptAll) { IsBackground = true, Name = "rpc accept" }.Start();
    }

    public int Port => ((IPEndPoint)listener.LocalEndPoint!).Port;

    public void Dispose()
    {
        listener.Dispose();
        lock (gate)
        {
            foreach (var socket in open) socket.Dispose();
        }
    }

    void AcceptAll()
    {
        try
        {
            while (true)
            {
                var socket = listener.Accept();
                socket.NoDelay = true;
                lock (gate) open.Add(socket);
                new Thread(() => Serve(socket)) { IsBackground = true, Name = "rpc" }.Start();
            }
        }
        catch (Exception problem) when (problem is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    void Serve(Socket socket)
    {
        var buffer = new byte[256 << 10];
        var filled = 0;
        try
        {
            while (true)
            {
                int end;
                while ((end = buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8)) < 0) filled += Read(socket, buffer, filled);
                var length = ContentLength(Encoding.ASCII.GetString(buffer, 0, end));
                var start = end + 4;
                if (buffer.Length < start + length) Array.Resize(ref buffer, start + length);
                while (filled < start + length) filled += Read(socket, buffer, filled);
                Reply(socket, buffer.AsMemory(start, length));
                buffer.AsSpan(start + length, filled - start - length).CopyTo(buffer);
                filled -= start + length;
            }
        }
        catch (Exception problem) when (problem is SocketException or ObjectDisposedException or EndOfStreamException)
        {
            socket.Dispose();
        }
    }

    static int Read(Socket socket, byte[] buffer, int filled)
    {
        var read = socket.Receive(buffer.AsSpan(filled));
        return read > 0 ? read : throw new EndOfStreamException();
    }

    static int ContentLength(string head)
    {
        var line = head.Split("\r\n").First(static line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
        return int.Parse(line.AsSpan(15).Trim());
    }

    void Reply(Socket socket, ReadOnlyMemory<byte> body)
    {
        var output = new ArrayBufferWriter<byte>(1024);
        using (var document = JsonDocument.Parse(body))
        using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true }))
        {
            if (document.RootElement.ValueKind == JsonValueKind.Array)
            {
                json.WriteStartArray();
                foreach (var call in document.RootElement.EnumerateArray()) Write(call, json);
                json.WriteEndArray();
            }
            else
            {
                Write(document.RootElement, json);
            }
        }

        byte[] reply = [.. Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {output.WrittenCount}\r\n\r\n"), .. output.WrittenSpan];
        for (var at = 0; at < reply.Length;) at += socket.Send(reply.AsSpan(at));
    }

    void Write(JsonElement call, Utf8JsonWriter json)
    {
        var result = new ArrayBufferWriter<byte>(256);
        RpcRefusal? refusal = null;
        try
        {
            using var inner = new Utf8JsonWriter(result, new JsonWriterOptions { SkipValidation = true });
            answer(call.GetProperty("method").GetString()!, call.TryGetProperty("params", out var given) ? given : default, inner);
        }
        catch (RpcRefusal problem)
        {
            refusal = problem;
        }

        json.WriteStartObject();
        json.WritePropertyName("result");
        if (refusal is null) json.WriteRawValue(result.WrittenSpan, skipInputValidation: true);
        else json.WriteNullValue();
        json.WritePropertyName("error");
        if (refusal is null) json.WriteNullValue();
        else json.WriteRawValue($$"""{"code":{{refusal.Code}},"message":"{{refusal.Message}}"}""");
        json.WritePropertyName("id");
        call.GetProperty("id").WriteTo(json);
        json.WriteEndObject();
    }
}
