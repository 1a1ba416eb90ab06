using System.IO.Pipelines;
using System.Net.Sockets;
using System.Reflection;
using System.Threading.Channels;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;

namespace Belfry.Nodes.Bitcoin.Peer;

/// <summary>
/// One connection to one node by the peer protocol. <see cref="ConnectAsync"/> shakes hands; <see cref="RunAsync"/> reads, answers pings, keeps the node awake and
/// watches the time, until the connection ends; what it hears is in <see cref="Messages"/>. A peer that floods, dawdles or talks nonsense costs one connection,
/// a few messages of memory and a bounded time.
/// </summary>
public sealed class PeerConnection : IAsyncDisposable
{
    static readonly string UserAgent = $"/Belfry:{typeof(PeerConnection).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0"}/";

    readonly Stream stream;
    readonly PipeReader input;
    readonly PeerParameters parameters;
    readonly PeerOptions options;
    readonly TimeProvider clock;
    readonly IEntropy entropy;
    readonly Channel<PeerMessage> messages;
    readonly SemaphoreSlim sending = new(1, 1);
    readonly PeerPulse pulse;

    PeerConnection(Stream stream, PeerParameters parameters, PeerOptions options, TimeProvider clock, IEntropy entropy)
    {
        (this.stream, this.parameters, this.options, this.clock, this.entropy) = (stream, parameters, options, clock, entropy);
        input = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 32 * 1024, leaveOpen: true));
        pulse = new PeerPulse(options, clock);
        messages = Channel.CreateBounded<PeerMessage>(new BoundedChannelOptions(options.MessageBacklog) { SingleReader = true, SingleWriter = true });
    }

    /// <summary>Who answers; known after the handshake.</summary>
    public PeerIdentity Remote { get; private set; } = new("", 0, 0, 0);

    /// <summary>What the peer says while <see cref="RunAsync"/> runs; completes with its error. When nobody reads, the socket is not read either.</summary>
    public ChannelReader<PeerMessage> Messages => messages.Reader;

    /// <summary>The time from the last ping to its answer, smoothed; null before the first.</summary>
    public TimeSpan? RoundTrip => pulse.RoundTrip;

    /// <summary>Dials and shakes hands.</summary>
    /// <exception cref="PeerException">No connection, or no handshake, in time.</exception>
    public static async Task<PeerConnection> ConnectAsync(
        INetwork network, PeerParameters parameters, PeerOptions options, TimeProvider clock, IEntropy entropy, CancellationToken cancellationToken)
    {
        var dialled = await DialAsync(network, options, clock, cancellationToken);
        var connection = new PeerConnection(dialled, parameters, options, clock, entropy);
        try
        {
            await connection.ShakeHandsInTimeAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs the connection to its end, which is always an exception.</summary>
    /// <exception cref="PeerException">The connection ended; the reason says how.</exception>
    /// <exception cref="OperationCanceledException">It was told to end.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] loops =
        [
            Background.Start(() => ReadAsync(ending.Token), CancellationToken.None),
            Background.Start(() => PingAsync(ending.Token), CancellationToken.None),
            Background.Start(() => WatchAsync(ending.Token), CancellationToken.None),
        ];
        var first = await Task.WhenAny(loops);
        await ending.CancelAsync();
        await Background.WhenEndedAsync(Task.WhenAll(loops));
        try
        {
            await first;
        }
        catch (Exception problem)
        {
            messages.Writer.TryComplete(problem);
            throw;
        }
    }

    /// <summary>Asks for transactions or blocks; more than <see cref="Inventory.MaxItems"/> go in several messages.</summary>
    /// <exception cref="PeerException">The connection is lost.</exception>
    public async ValueTask SendGetDataAsync(ReadOnlyMemory<InventoryItem> items, CancellationToken cancellationToken)
    {
        for (; !items.IsEmpty; items = items[Math.Min(items.Length, Inventory.MaxItems)..])
            await SendAsync("getdata", PeerPayloads.Inventories(items.Span[..Math.Min(items.Length, Inventory.MaxItems)]), cancellationToken);
    }

    /// <summary>Asks for the headers after the first block of <paramref name="locator"/> (newest first) that the peer has on its best chain.</summary>
    /// <exception cref="PeerException">The connection is lost.</exception>
    public ValueTask SendGetHeadersAsync(IReadOnlyList<BlockHash> locator, CancellationToken cancellationToken) =>
        SendAsync("getheaders", PeerPayloads.GetHeaders(parameters.ProtocolVersion, locator), cancellationToken);

    /// <summary>Asks that new blocks be announced by their headers where possible.</summary>
    /// <exception cref="PeerException">The connection is lost.</exception>
    public ValueTask SendSendHeadersAsync(CancellationToken cancellationToken) => SendAsync("sendheaders", default, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        messages.Writer.TryComplete();
        await input.CompleteAsync();
        await stream.DisposeAsync();
        sending.Dispose();
        pulse.Dispose();
    }

    static async Task<Stream> DialAsync(INetwork network, PeerOptions options, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(options.ConnectTimeout, clock);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            return await network.ConnectAsync(options.Host, options.Port, linked.Token);
        }
        catch (SocketException problem)
        {
            throw new PeerException(PeerEnd.ConnectFailed, $"no connection: {problem.Message}", options, problem);
        }
        catch (OperationCanceledException late) when (!cancellationToken.IsCancellationRequested)
        {
            throw new PeerException(PeerEnd.ConnectFailed, $"no connection within {options.ConnectTimeout.TotalSeconds} s", options, late);
        }
    }

    async Task ShakeHandsInTimeAsync(CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(options.HandshakeTimeout, clock);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await ShakeHandsAsync(linked.Token);
        }
        catch (OperationCanceledException late) when (!cancellationToken.IsCancellationRequested)
        {
            throw new PeerException(PeerEnd.HandshakeFailed, $"no handshake within {options.HandshakeTimeout.TotalSeconds} s", options, late);
        }
        catch (PeerException problem) when (problem.Reason == PeerEnd.Closed)
        {
            throw new PeerException(PeerEnd.HandshakeFailed, "the peer closed during the handshake: is it the right network, and may this host connect?", options, problem);
        }
    }

    async Task ShakeHandsAsync(CancellationToken cancellationToken)
    {
        var nonce = new byte[sizeof(ulong)];
        entropy.Fill(nonce);
        await SendAsync("version", PeerPayloads.Version(parameters, UserAgent, BitConverter.ToUInt64(nonce), clock.GetUtcNow()), cancellationToken);
        var known = false;
        // A peer may say a few other things before its verack; one that only chats is no peer.
        for (var heard = 0; heard < 32; heard++)
        {
            var frame = await ReadFrameAsync(cancellationToken);
            switch (frame.Command)
            {
                case "version" when !known:
                    Remote = Parse(() => PeerPayloads.ReadVersion(frame.Payload));
                    known = true;
                    await SendAsync("verack", default, cancellationToken);
                    break;
                case "verack" when known:
                    return;
                case "ping":
                    await SendAsync("pong", frame.Payload, cancellationToken);
                    break;
            }
        }

        throw new PeerException(PeerEnd.HandshakeFailed, "32 messages and no handshake", options);
    }

    async Task<PeerFrame> ReadFrameAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await ReceiveAsync(cancellationToken);
            var buffer = result.Buffer;
            var whole = TryTake(ref buffer, out var frame);
            // What follows the frame stays unexamined, so that the next call sees it without waiting.
            input.AdvanceTo(buffer.Start, whole ? buffer.Start : buffer.End);
            if (whole) return frame;
            if (result.IsCompleted) throw Closed();
        }
    }

    async Task ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            pulse.Waiting();
            var result = await ReceiveAsync(cancellationToken);
            pulse.Received();
            var buffer = result.Buffer;
            while (TryTake(ref buffer, out var frame))
            {
                pulse.Whole();
                await HandleAsync(frame, cancellationToken);
            }

            pulse.Partial(!buffer.IsEmpty);
            input.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted) throw Closed();
        }
    }

    async ValueTask HandleAsync(PeerFrame frame, CancellationToken cancellationToken)
    {
        if (frame.Command == "ping")
        {
            // The nonce only: a longer ping is not worth echoing.
            await SendAsync("pong", frame.Payload.AsMemory(0, Math.Min(frame.Payload.Length, sizeof(ulong))), cancellationToken);
            return;
        }

        if (Parse(() => Translate(frame)) is { } message) await messages.Writer.WriteAsync(message, cancellationToken);
    }

    PeerMessage? Translate(PeerFrame frame) => frame.Command switch
    {
        "inv" => new PeerMessage.Announced(PeerPayloads.ReadInventories("inv", frame.Payload)),
        "notfound" => new PeerMessage.NotFound(PeerPayloads.ReadInventories("notfound", frame.Payload)),
        "tx" => new PeerMessage.Transaction(frame.Payload),
        "block" => PeerPayloads.ReadBlock(frame.Payload),
        "headers" when parameters.PlainHeaders => new PeerMessage.Headers(PeerPayloads.ReadHeaders(frame.Payload)),
        "pong" => pulse.Answered(PeerPayloads.ReadNumber("pong", frame.Payload)) is { } roundTrip ? new PeerMessage.Pong(roundTrip) : null,
        "feefilter" => new PeerMessage.FeeFilter((long)PeerPayloads.ReadNumber("feefilter", frame.Payload)),
        "reject" => PeerPayloads.ReadReject(frame.Payload),
        _ => null,
    };

    async Task PingAsync(CancellationToken cancellationToken)
    {
        var nonce = new byte[sizeof(ulong)];
        while (true)
        {
            entropy.Fill(nonce);
            pulse.Asked(BitConverter.ToUInt64(nonce));
            await SendAsync("ping", nonce.ToArray(), cancellationToken);
            await pulse.AnswerAsync(cancellationToken);
            await Task.Delay(pulse.Pause, clock, cancellationToken);
        }
    }

    async Task WatchAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(pulse.CheckInterval, clock, cancellationToken);
            if (pulse.Problem() is { } problem) throw new PeerException(problem.Reason, problem.Text, options);
        }
    }

    bool TryTake(ref System.Buffers.ReadOnlySequence<byte> buffer, out PeerFrame frame)
    {
        try
        {
            return PeerFraming.TryRead(ref buffer, parameters.Magic, parameters.MaxMessageBytes, out frame);
        }
        catch (MalformedDataException problem)
        {
            throw new PeerException(PeerEnd.Malformed, problem.Message, options, problem);
        }
    }

    T Parse<T>(Func<T> parse)
    {
        try
        {
            return parse();
        }
        catch (MalformedDataException problem)
        {
            throw new PeerException(PeerEnd.Malformed, problem.Message, options, problem);
        }
    }

    async ValueTask<ReadResult> ReceiveAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await input.ReadAsync(cancellationToken);
        }
        catch (Exception problem) when (problem is IOException or ObjectDisposedException)
        {
            throw Closed(problem);
        }
    }

    async ValueTask SendAsync(string command, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        var frame = PeerFraming.Write(parameters.Magic, command, payload.Span);
        await sending.WaitAsync(cancellationToken);
        try
        {
            pulse.Sending();
            await stream.WriteAsync(frame, cancellationToken);
            pulse.Sent();
        }
        catch (Exception problem) when (problem is IOException or ObjectDisposedException)
        {
            throw Closed(problem);
        }
        finally
        {
            sending.Release();
        }
    }

    PeerException Closed(Exception? inner = null) => new(PeerEnd.Closed, "the peer closed the connection", options, inner);
}
