using System.Buffers.Binary;
using System.Net;
using Belfry.Core.Delivery;
using Belfry.Core.Hosting;
using Belfry.Server.Auth;
using Belfry.Server.Telemetry;

namespace Belfry.Server.Sockets;

/// <summary>Speaks a protocol over a connection.</summary>
interface IConnectionProtocol : IAsyncDisposable
{
    /// <summary>Called once, before anything is read.</summary>
    ValueTask OpenAsync(CancellationToken cancellationToken);

    /// <summary>One text message, valid UTF-8; valid until the call ends. The next one is read when it has ended.</summary>
    ValueTask ReceiveAsync(ReadOnlyMemory<byte> text, CancellationToken cancellationToken);
}

/// <summary>One accepted WebSocket: reads frames, answers control frames, hands text to its protocol, and ends in good order.</summary>
sealed class ClientConnection : IDisposable
{
    static readonly TimeSpan CloseWait = TimeSpan.FromSeconds(2);
    readonly FrameReader frames;
    readonly CancellationTokenSource ending;
    readonly TimeProvider time;
    readonly LimitOptions limits;
    readonly ClientMetrics metrics;
    readonly long opened;
    long lastHeard;
    long pinged;
    bool closing;
    bool cut;
    readonly Lock endGate = new();
    bool ended;

    public ClientConnection(HttpContext context, Stream stream, SocketOutput output, ProtocolParts parts)
    {
        (Output, limits, time, metrics) = (output, parts.Options.Limits, parts.Time, parts.Metrics);
        Address = context.Connection.RemoteIpAddress;
        ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        frames = new FrameReader(stream, limits.MessageBytes, time);
        Reader = parts.Hub.Open(output);
        output.Reader = Reader;
        output.Closing = () =>
        {
            Volatile.Write(ref closing, true);
            output.Release();
            // Whoever closes everything may meet a connection that ends by itself at the same moment.
            lock (endGate)
            {
                if (!ended) ending.CancelAfter(CloseWait);
            }
        };
        opened = lastHeard = time.GetTimestamp();
    }

    public IPAddress? Address { get; }

    public DeliveryReader Reader { get; }

    public SocketOutput Output { get; }

    /// <summary>Who it is; null until it has said so.</summary>
    public Account? Account { get; set; }

    public async Task RunAsync(IConnectionProtocol protocol)
    {
        try
        {
            await protocol.OpenAsync(ending.Token);
            while (await ReceiveAsync(protocol))
            {
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The peer is gone, or had its time to answer the close.
        }
        catch (IOException)
        {
            // The peer cut the connection.
        }
        finally
        {
            Reader.Dispose();
        }
    }

    /// <summary>Keep-alive and the time to authenticate; called every second.</summary>
    public void Sweep(long now)
    {
        if (Account is null && time.GetElapsedTime(opened, now) >= limits.AuthenticationTimeout)
        {
            Cut(CloseCodes.Stale, "authentication_timeout");
            return;
        }

        if (frames.BegunAt is { } begun && time.GetElapsedTime(begun, now) >= limits.MessageTimeout)
        {
            Cut(CloseCodes.PolicyViolation, "message_timeout");
            return;
        }

        var silent = time.GetElapsedTime(Volatile.Read(ref lastHeard), now);
        if (silent < limits.KeepAliveInterval) return;
        if (pinged == 0)
        {
            pinged = now;
            Span<byte> probe = stackalloc byte[8];
            BinaryPrimitives.WriteInt64BigEndian(probe, Output.NextProbe);
            Reader.Send(EventFrame.Frame(0x89, probe));
        }
        else if (time.GetElapsedTime(pinged, now) >= limits.KeepAliveTimeout && Output.StalledSince is null)
        {
            // A peer that takes nothing is a slow one, and delivery decides; one that takes bytes and never answers is gone.
            Cut(CloseCodes.NoPong, "no_pong");
        }
    }

    public void Dispose()
    {
        frames.Dispose();
        lock (endGate)
        {
            ended = true;
            ending.Dispose();
        }
    }

    // Told once: the sweep comes by again before the close is through.
    void Cut(int code, string reason)
    {
        if (!Interlocked.Exchange(ref cut, true)) metrics.Cut(reason);
        Reader.Close(code, reason);
    }

    async ValueTask<bool> ReceiveAsync(IConnectionProtocol protocol)
    {
        var message = await frames.ReadAsync(ending.Token);
        Volatile.Write(ref lastHeard, time.GetTimestamp());
        pinged = 0;
        if (message.Kind == SocketMessageKind.Pong && message.Payload.Length == 8) Output.PeerHas(BinaryPrimitives.ReadInt64BigEndian(message.Payload.Span));
        else Output.PeerHas(0);
        switch (message.Kind)
        {
            case SocketMessageKind.End:
                return false;
            case SocketMessageKind.Close:
                if (!Volatile.Read(ref closing)) await AnswerCloseAsync(message);
                return false;
            case SocketMessageKind.Fault:
                metrics.Cut(message.Code);
                Reader.Close(message.Code, message.Reason);
                await DiscardAsync();
                return false;
            case SocketMessageKind.Ping:
                Reader.Send(EventFrame.Frame(0x8a, message.Payload.Span));
                break;
            case SocketMessageKind.Text when !Volatile.Read(ref closing):
                await protocol.ReceiveAsync(message.Payload, ending.Token);
                break;
        }

        // A client that sends without reading waits for its own answers.
        if (!Volatile.Read(ref closing)) await Output.TakesAsync(ending.Token);
        return true;
    }

    async ValueTask AnswerCloseAsync(SocketMessage message)
    {
        Reader.Unsubscribe(SocketOutput.CloseFrame(message.Code, ""));
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ending.Token);
        patience.CancelAfter(CloseWait);
        while (Output.StalledSince is not null) await Output.TakesAsync(patience.Token);
    }

    // Closing at once with unread bytes would reset the connection, and the peer would never see why. So what it still sends is read and thrown away for a while.
    async ValueTask DiscardAsync()
    {
        ending.CancelAfter(CloseWait);
        await frames.DiscardAsync(ending.Token);
    }
}
