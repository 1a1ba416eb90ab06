using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Belfry.Server.Tests.Fixtures;

/// <summary>A client of the framework's own, with patience.</summary>
sealed class SocketClient : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    readonly byte[] buffer = new byte[1 << 20];

    public ClientWebSocket Socket { get; } = new();

    public static async Task<SocketClient> ConnectAsync(Uri uri, string? origin, params (string Name, string Value)[] headers)
    {
        var client = new SocketClient();
        client.Socket.Options.KeepAliveInterval = TimeSpan.Zero;
        if (origin is not null) client.Socket.Options.SetRequestHeader("Origin", origin);
        foreach (var (name, value) in headers) client.Socket.Options.SetRequestHeader(name, value);
        using var patience = new CancellationTokenSource(Patience);
        await client.Socket.ConnectAsync(uri, patience.Token);
        return client;
    }

    public Task SendAsync(string text) => Socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, CancellationToken.None);

    /// <summary>The next text message; null when the server closes.</summary>
    public async Task<string?> ReceiveAsync(TimeSpan? within = null)
    {
        using var patience = new CancellationTokenSource(within ?? Patience);
        var length = 0;
        while (true)
        {
            var result = await Socket.ReceiveAsync(buffer.AsMemory(length), patience.Token);
            if (result.MessageType == WebSocketMessageType.Close) return null;
            length += result.Count;
            if (result.EndOfMessage) return Encoding.UTF8.GetString(buffer, 0, length);
        }
    }

    public async Task<JsonElement> ReceiveJsonAsync()
    {
        var text = await ReceiveAsync() ?? throw new InvalidOperationException($"The server closed: {Socket.CloseStatus} {Socket.CloseStatusDescription}");
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    /// <summary>Sends and returns the next message.</summary>
    public async Task<string> AskAsync(string text)
    {
        await SendAsync(text);
        return await ReceiveAsync() ?? throw new InvalidOperationException($"The server closed: {Socket.CloseStatus} {Socket.CloseStatusDescription}");
    }

    /// <summary>Reads until the server closes; the code.</summary>
    public async Task<int> ReadToCloseAsync()
    {
        while (await ReceiveAsync() is not null)
        {
        }

        return (int)Socket.CloseStatus!.Value;
    }

    /// <summary>The sequence numbers of the next events.</summary>
    public async Task<List<long>> ReceiveSequencesAsync(int count)
    {
        var sequences = new List<long>(count);
        while (sequences.Count < count)
        {
            var message = await ReceiveJsonAsync();
            if (message.GetProperty("type").GetString() == "event") sequences.Add(message.GetProperty("seq").GetInt64());
        }

        return sequences;
    }

    public void Dispose() => Socket.Dispose();
}
