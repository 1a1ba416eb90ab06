using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Belfry.Core.Delivery;

namespace Belfry.Server.Sockets;

/// <summary>
/// The way out of one WebSocket. On plain TCP the bytes go from the shared log straight into the socket, without waiting and without a copy; over TLS they go through
/// the connection's stream. One thread at a time sends.
/// </summary>
sealed class SocketOutput : IFrameSink
{
    // Progress is noted for each slice, so that a slow line is not taken for a dead one.
    const int Slice = 16 << 10;
    const int LongestReason = 123;
    readonly Stream stream;
    readonly Socket? socket;
    readonly TimeProvider time;
    readonly Action abort;
    long stalledSince;
    long streamWrites;
    long directAfter = -1;
    TaskCompletionSource? waiter;
    bool direct;
    volatile bool dead;

    /// <summary>Creates the way out.</summary>
    /// <param name="stream">The upgraded connection.</param>
    /// <param name="socket">Its TCP socket when nothing (TLS) stands between; otherwise null.</param>
    /// <param name="time">The clock.</param>
    /// <param name="abort">Cuts the connection.</param>
    public SocketOutput(Stream stream, Socket? socket, TimeProvider time, Action abort)
    {
        (this.stream, this.socket, this.time, this.abort) = (stream, socket, time, abort);
        try
        {
            if (socket is not null) socket.Blocking = false;
        }
        catch (Exception problem) when (IsGone(problem))
        {
            // Cut between the upgrade and now.
            dead = true;
        }
    }

    /// <summary>Whose bytes these are; set before the first send.</summary>
    public DeliveryReader? Reader { get; set; }

    /// <summary>Called once when the close frame is on its way.</summary>
    public Action? Closing { get; set; }

    /// <inheritdoc/>
    public long? StalledSince => Volatile.Read(ref stalledSince) is var since and not 0 ? since : null;

    /// <summary>What the next ping carries: the number of stream writes when it is among the last of them.</summary>
    public long NextProbe => Volatile.Read(ref streamWrites) + 1;

    /// <summary>
    /// Tells that the peer has everything up to a number of stream writes. When nothing was written through the stream since, the server's own response is out for
    /// certain and bytes put straight into the socket cannot overtake it.
    /// </summary>
    public void PeerHas(long writes) => Volatile.Write(ref directAfter, Math.Max(writes, Volatile.Read(ref directAfter)));

    /// <summary>Waits until the peer has taken what it was sent; at once when nothing waits. One caller at a time.</summary>
    public Task TakesAsync(CancellationToken cancellationToken)
    {
        if (StalledSince is null) return Task.CompletedTask;
        var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Exchange(ref waiter, waiting);
        if (StalledSince is null) waiting.TrySetResult();
        return waiting.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Lets go of whoever waits in <see cref="TakesAsync"/>.</summary>
    public void Release() => Interlocked.Exchange(ref waiter, null)?.TrySetResult();

    /// <inheritdoc/>
    public bool Send(ReadOnlyMemory<byte> frames)
    {
        if (dead) return true;
        direct = direct || (socket is not null && Volatile.Read(ref directAfter) == streamWrites);
        try
        {
            return direct ? SendDirect(frames) : SendByStream(frames);
        }
        catch (Exception problem) when (IsGone(problem))
        {
            dead = true;
            return true;
        }
    }

    /// <inheritdoc/>
    public void Close(int code, string reason)
    {
        Send(CloseFrame(code, reason));
        Closing?.Invoke();
    }

    /// <inheritdoc/>
    public void Abort()
    {
        dead = true;
        abort();
    }

    public static byte[] CloseFrame(int code, string reason)
    {
        var text = Encoding.UTF8.GetBytes(reason);
        var payload = new byte[2 + Math.Min(text.Length, LongestReason)];
        BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)code);
        text.AsSpan(0, payload.Length - 2).CopyTo(payload.AsSpan(2));
        return EventFrame.Frame(0x88, payload);
    }

    bool SendDirect(ReadOnlyMemory<byte> frames)
    {
        var sent = socket!.Send(frames.Span, SocketFlags.None, out var error);
        if (error is not (SocketError.Success or SocketError.WouldBlock))
        {
            dead = true;
            return true;
        }

        if (sent == frames.Length) return true;
        Stalled();
        _ = FinishAsync(frames[sent..]);
        return false;
    }

    bool SendByStream(ReadOnlyMemory<byte> frames)
    {
        Volatile.Write(ref streamWrites, streamWrites + 1);
        var writing = stream.WriteAsync(frames);
        if (writing.IsCompletedSuccessfully) return true;
        Stalled();
        _ = FinishAsync(writing);
        return false;
    }

    async Task FinishAsync(ReadOnlyMemory<byte> rest)
    {
        try
        {
            while (!rest.IsEmpty && !dead)
            {
                var sent = await socket!.SendAsync(rest[..Math.Min(Slice, rest.Length)], SocketFlags.None);
                rest = rest[sent..];
                Stalled();
            }
        }
        catch (Exception problem) when (IsGone(problem))
        {
            dead = true;
        }

        Ready();
    }

    async Task FinishAsync(ValueTask writing)
    {
        try
        {
            await writing;
        }
        catch (Exception problem) when (IsGone(problem))
        {
            dead = true;
        }

        Ready();
    }

    void Stalled() => Volatile.Write(ref stalledSince, Math.Max(1, time.GetTimestamp()));

    void Ready()
    {
        Interlocked.Exchange(ref stalledSince, 0);
        Release();
        Reader!.SinkReady();
    }

    static bool IsGone(Exception problem) => problem is SocketException or ObjectDisposedException or IOException or OperationCanceledException or InvalidOperationException;
}
