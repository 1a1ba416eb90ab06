using System.Net.Sockets;
using System.Text;
using Belfry.Core.Runtime;

namespace Belfry.Nodes.Bitcoin.Zmq;

/// <summary>One topic of one endpoint over a connection of its own, so that a flood under one topic cannot push out messages of another.</summary>
sealed class ZmqSubscription : IAsyncDisposable
{
    // libzmq hands a subscription to its publisher within a millisecond of its own clock after taking it in; a 3.0 peer cannot even say that it took it.
    static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(5);
    static readonly TimeSpan SettlingUnanswered = TimeSpan.FromMilliseconds(100);

    // A publisher that goes on publishing and never answers would fill the memory until its time is up.
    const int MaxEarly = 10_000;
    static readonly byte[] Barrier = "open"u8.ToArray();

    readonly ZmtpConnection connection;
    readonly ZmtpLimits limits;
    readonly TimeProvider clock;
    readonly Queue<ZmqMessage> early = new();
    long earlyBytes;
    long heard;

    ZmqSubscription(ZmtpConnection connection, ZmqEndpoint endpoint, string topic, ZmtpLimits limits, TimeProvider clock)
    {
        this.connection = connection;
        this.limits = limits;
        this.clock = clock;
        Endpoint = endpoint;
        Topic = topic;
        heard = clock.GetTimestamp();
    }

    /// <summary>Where it listens.</summary>
    public ZmqEndpoint Endpoint { get; }

    /// <summary>What it listens to.</summary>
    public string Topic { get; }

    /// <summary>Connects and subscribes; returns when the subscription is in force, so that whatever is published afterwards arrives.</summary>
    /// <exception cref="MalformedDataException">Something else than a publisher listens there.</exception>
    /// <exception cref="IOException">No connection, or it broke, or the handshake took too long.</exception>
    /// <exception cref="SocketException">No connection.</exception>
    public static async Task<ZmqSubscription> OpenAsync(
        ZmqEndpoint endpoint, string topic, INetwork network, TimeProvider clock, ZmtpLimits limits, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(limits.HandshakeTimeout, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        ZmqSubscription? subscription = null;
        try
        {
            var stream = await network.ConnectAsync(endpoint.Host, endpoint.Port, both.Token);
            var opened = await ZmtpConnection.OpenAsync(stream, limits, both.Token);
            subscription = new ZmqSubscription(opened, endpoint, topic, limits, clock);
            await opened.SubscribeAsync(topic, both.Token);
            await subscription.SettleAsync(both.Token);
            return subscription;
        }
        catch (Exception problem)
        {
            if (subscription is not null) await subscription.DisposeAsync();
            if (problem is OperationCanceledException && !cancellationToken.IsCancellationRequested)
                throw new IOException($"{endpoint} did not shake hands within {limits.HandshakeTimeout.TotalSeconds:0.#} s", problem);
            throw;
        }
    }

    /// <summary>Hands every message to <paramref name="receive"/> until the connection fails or the token is cancelled.</summary>
    /// <exception cref="MalformedDataException">The publisher sent something that is no message of a node.</exception>
    /// <exception cref="IOException">The connection ended, or the publisher gave no sign of life.</exception>
    public async Task RunAsync(Action<ZmqMessage> receive, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = ReadAllAsync(receive, stop.Token);
        var beating = connection.PeerMinor >= 1 ? BeatAsync(stop.Token) : reading;
        var first = await Task.WhenAny(reading, beating);
        await stop.CancelAsync();
        try
        {
            await Task.WhenAll(reading, beating);
        }
        catch (OperationCanceledException) when (first.IsFaulted)
        {
            // The other half stopped because the first one failed, which is what counts.
        }

        await first;
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    async Task SettleAsync(CancellationToken cancellationToken)
    {
        if (connection.PeerMinor < 1)
        {
            await Task.Delay(SettlingUnanswered, clock, cancellationToken);
            return;
        }

        // The publisher works its input off in order: once it answers, it has read the subscription before.
        await connection.PingAsync(Barrier, cancellationToken);
        while (true)
        {
            var frame = await connection.ReadFrameAsync(cancellationToken);
            if (!frame.IsCommand)
            {
                var message = await ReadMessageAsync(frame, cancellationToken);
                earlyBytes += message.Body.Length;
                if (early.Count == MaxEarly || earlyBytes > limits.MaxFrameBytes)
                    throw new MalformedDataException("ZMTP handshake", $"{early.Count} messages of {earlyBytes} bytes before the answer to our PING");
                early.Enqueue(message);
                continue;
            }

            var (name, data) = ZmtpConnection.ReadCommand(frame.Body);
            if (name == "PONG" && data.Span.SequenceEqual(Barrier)) break;
            await ObeyAsync(name, data, cancellationToken);
        }

        await Task.Delay(Settling, clock, cancellationToken);
    }

    async Task ReadAllAsync(Action<ZmqMessage> receive, CancellationToken cancellationToken)
    {
        while (early.TryDequeue(out var message)) Deliver(message, receive);
        var flood = new FloodGauge(clock);
        while (true)
        {
            if (!connection.HasMore && flood.IsHigh) await connection.GatherAsync(FloodGauge.Gathering, clock, cancellationToken);
            var frame = await connection.ReadFrameAsync(cancellationToken);
            Interlocked.Exchange(ref heard, clock.GetTimestamp());
            if (frame.IsCommand)
            {
                var (name, data) = ZmtpConnection.ReadCommand(frame.Body);
                await ObeyAsync(name, data, cancellationToken);
            }
            else
            {
                Deliver(await ReadMessageAsync(frame, cancellationToken), receive);
                flood.Count();
            }
        }
    }

    // Subscriptions go by prefix: "hashblock" would also bring a topic "hashblock2".
    void Deliver(ZmqMessage message, Action<ZmqMessage> receive)
    {
        if (message.Topic == Topic) receive(message);
    }

    async ValueTask<ZmqMessage> ReadMessageAsync(ZmtpFrame topic, CancellationToken cancellationToken)
    {
        if (topic.Body.Length > 64) throw new MalformedDataException("ZeroMQ message", $"a topic of {topic.Body.Length} bytes");
        var body = topic.More ? await ReadPartAsync(cancellationToken) : default;
        var counter = body.More ? await ReadPartAsync(cancellationToken) : default;
        if (counter.Body is null || counter.More) throw new MalformedDataException("ZeroMQ message", "not the three frames topic, body, counter that a node publishes");
        return new ZmqMessage(Encoding.ASCII.GetString(topic.Body), body.Body, ZmqMessage.ReadCounter(counter.Body));
    }

    async ValueTask<ZmtpFrame> ReadPartAsync(CancellationToken cancellationToken)
    {
        var frame = await connection.ReadFrameAsync(cancellationToken);
        return frame.IsCommand ? throw new MalformedDataException("ZeroMQ message", "a command inside a message") : frame;
    }

    ValueTask ObeyAsync(string command, ReadOnlyMemory<byte> data, CancellationToken cancellationToken) =>
        // PING carries two bytes of time to live before the context; other commands (PONG, ones of later versions) ask for nothing.
        command == "PING" && data.Length >= 2 ? connection.PongAsync(data[2..Math.Min(data.Length, 18)], cancellationToken) : ValueTask.CompletedTask;

    async Task BeatAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(limits.Heartbeat, clock);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            var silent = clock.GetElapsedTime(Interlocked.Read(ref heard));
            if (silent > limits.HeartbeatTimeout) throw new IOException($"{Endpoint} gave no sign of life for {silent.TotalSeconds:0.#} s");
            // A frozen publisher stops reading; the write must not wait for ever either.
            using var patience = new CancellationTokenSource(limits.HeartbeatTimeout, clock);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
            try
            {
                await connection.PingAsync([], both.Token);
            }
            catch (OperationCanceledException problem) when (!cancellationToken.IsCancellationRequested)
            {
                throw new IOException($"{Endpoint} takes nothing any more", problem);
            }
        }
    }
}
