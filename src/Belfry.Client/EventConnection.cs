using System.Buffers;
using System.Net;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Belfry.Client;

/// <summary>A message from the server, or the end of a connection that may be tried again.</summary>
readonly record struct Received(ServerMessage? Message, byte[] Raw);

/// <summary>The connection is gone; another may be made.</summary>
sealed class ConnectionLostException(string reason, Exception? inner = null) : Exception(reason, inner);

/// <summary>One WebSocket connection, from its subscription to its end.</summary>
sealed class EventConnection : IDisposable
{
    readonly ClientWebSocket socket = new();
    readonly BelfryClientOptions options;
    readonly byte[] buffer = new byte[16 * 1024];

    EventConnection(BelfryClientOptions options) => this.options = options;

    public static async Task<EventConnection> OpenAsync(Uri uri, string? key, BelfryClientOptions options, CancellationToken cancellationToken)
    {
        var connection = new EventConnection(options);
        connection.socket.Options.CollectHttpResponseDetails = true;
        connection.socket.Options.KeepAliveInterval = TimeSpan.Zero;
        if (key is not null) connection.socket.Options.SetRequestHeader("Authorization", "Bearer " + key);
        try
        {
            using var limit = options.Clock.CreateCancellation(options.Timeout, cancellationToken);
            await connection.socket.ConnectAsync(uri, limit.Token);
            return connection;
        }
        catch (WebSocketException refused) when (connection.socket.HttpStatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound)
        {
            var status = connection.socket.HttpStatusCode;
            connection.Dispose();
            throw new BelfryException($"{uri} refused the connection with status {(int)status} {status}", status, refused);
        }
        catch (Exception problem) when (problem is WebSocketException || (problem is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            connection.Dispose();
            throw new ConnectionLostException($"{uri.Authority} does not answer", problem);
        }
        catch (OperationCanceledException)
        {
            connection.Dispose();
            throw;
        }
    }

    public async Task SendAsync(ClientMessage message, CancellationToken cancellationToken)
    {
        try
        {
            await socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(message, WireJson.Default.ClientMessage), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
        }
        catch (WebSocketException problem)
        {
            throw new ConnectionLostException("the connection broke", problem);
        }
    }

    /// <summary>The next message. After some silence the server is pinged; after more the connection is given up.</summary>
    public async Task<Received> ReceiveAsync(CancellationToken cancellationToken)
    {
        using var giveUp = options.Clock.CreateCancellation(options.SilenceLimit, cancellationToken);
        var receiving = ReceiveWholeAsync(giveUp.Token);
        // When the ping fails or the caller stops, nobody asks how the receive ended.
        _ = receiving.ContinueWith(static ended => _ = ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        try
        {
            // this wait only decides whether to ask "are you there?"; the same receive goes on behind it
            await ((Task)receiving.WaitAsync(options.PingAfter, options.Clock, cancellationToken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!receiving.IsCompleted) await SendAsync(new ClientMessage("ping"), cancellationToken);
            return await receiving;
        }
        catch (OperationCanceledException silence) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ConnectionLostException($"nothing was heard for {options.SilenceLimit.TotalSeconds:0} s", silence);
        }
    }

    public void Dispose() => socket.Dispose();

    async Task<Received> ReceiveWholeAsync(CancellationToken silence)
    {
        var whole = new ArrayBufferWriter<byte>();
        try
        {
            while (true)
            {
                var part = await socket.ReceiveAsync(buffer.AsMemory(), silence);
                if (part.MessageType == WebSocketMessageType.Close) throw Closed();
                whole.Write(buffer.AsSpan(0, part.Count));
                if (whole.WrittenCount > options.MaxMessageBytes) throw new ConnectionLostException($"the server sent a message of more than {options.MaxMessageBytes} bytes");
                if (!part.EndOfMessage) continue;
                var raw = whole.WrittenSpan.ToArray();
                return new Received(Read(raw, WireJson.Default.ServerMessage), raw);
            }
        }
        catch (WebSocketException problem)
        {
            throw new ConnectionLostException("the connection broke", problem);
        }
    }

    /// <summary>A text of the server's for people; as it stands there when it is none (half a surrogate pair).</summary>
    public static string Words(JsonElement element)
    {
        try
        {
            return element.ToString();
        }
        catch (InvalidOperationException)
        {
            return element.GetRawText();
        }
    }

    /// <summary>Reads what the server sent.</summary>
    /// <exception cref="ConnectionLostException">It is not what a server says: perhaps another program answers there.</exception>
    public static T? Read<T>(byte[] raw, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(raw, type);
        }
        catch (JsonException problem)
        {
            throw new ConnectionLostException("the server sent something that is not a message of Belfry's", problem);
        }
    }

    /// <summary>The server's reason is a small JSON object with the cursor; people want its word.</summary>
    static string Word(string description)
    {
        try
        {
            using var parsed = JsonDocument.Parse(description);
            return parsed.RootElement.ValueKind == JsonValueKind.Object && parsed.RootElement.TryGetProperty("reason", out var word) ? Words(word) : description;
        }
        catch (JsonException)
        {
            return description;
        }
    }

    /// <summary>3500–3999 and 4500–4999 say "do not come back", as does the protocol's policy violation; everything else may be tried again.</summary>
    Exception Closed()
    {
        var code = (int?)socket.CloseStatus ?? 1006;
        var reason = string.IsNullOrEmpty(socket.CloseStatusDescription) ? $"closed with code {code}" : $"{Word(socket.CloseStatusDescription)} (code {code})";
        return code is 1008 or (>= 3500 and < 4000) or (>= 4500 and < 5000) ? new BelfryException($"The server ended the connection for good: {reason}") : new ConnectionLostException(reason);
    }
}

static class Deadlines
{
    /// <summary>A source that is cancelled after <paramref name="delay"/> of this clock, or with <paramref name="outer"/>.</summary>
    public static LinkedDeadline CreateCancellation(this TimeProvider clock, TimeSpan delay, CancellationToken outer) => new(clock, delay, outer);
}

sealed class LinkedDeadline : IDisposable
{
    readonly CancellationTokenSource deadline;
    readonly CancellationTokenSource linked;

    public LinkedDeadline(TimeProvider clock, TimeSpan delay, CancellationToken outer)
    {
        deadline = new CancellationTokenSource(delay, clock);
        linked = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, outer);
    }

    public CancellationToken Token => linked.Token;

    public void Dispose()
    {
        linked.Dispose();
        deadline.Dispose();
    }
}
