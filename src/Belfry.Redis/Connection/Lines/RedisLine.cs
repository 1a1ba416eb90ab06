using Belfry.Core.Runtime;
using Belfry.Redis.Connection.Protocol;

namespace Belfry.Redis.Connection.Lines;

/// <summary>Whether a line took a command.</summary>
enum Admission
{
    Taken,
    Full,
    Closed,
}

/// <summary>Hears what was told without being asked; the bytes live only as long as the call.</summary>
delegate void ToldHandler(ReadOnlySpan<byte> reply);

/// <summary>
/// One socket with many commands on it. Whoever sends copies its bytes into one buffer; one writer sends what has gathered while the last write was on its way; one reader
/// matches answers with commands by their order. It knows which commands were never handed to the socket.
/// </summary>
sealed class RedisLine
{
    /// <summary>Bytes that may wait behind a server that reads slowly.</summary>
    public const int MostUnsentBytes = 64 << 20;

    readonly Stream stream;
    readonly TimeProvider clock;
    readonly int longestQueue;
    readonly ReplyBuffer received;
    readonly Lock gate = new();
    readonly WriterSignal wake = new();
    readonly RingQueue<RedisOperation> waiting = new();
    RedisOperation[] answered = new RedisOperation[256];
    WriteBuffer filling = new(), leaving = new();
    int notLeft, nextAnswered, takenAnswers;
    bool writing = true, alone, closed;
    long silentSince;

    /// <summary>Takes over a stream; <see cref="RunAsync"/> makes it live.</summary>
    public RedisLine(Stream stream, RedisEndpoint endpoint, RedisOptions options, TimeProvider clock)
    {
        (this.stream, Endpoint, this.clock) = (stream, endpoint, clock);
        longestQueue = options.MaxInFlight;
        received = new ReplyBuffer(RespLimits.Default with { Bytes = options.MaxReplyBytes });
        silentSince = clock.GetTimestamp();
    }

    /// <summary>The other side.</summary>
    public RedisEndpoint Endpoint { get; }

    /// <summary>Who hears pushes. On a line where nothing is asked it hears every reply: RESP2 has no pushes and spells messages as arrays.</summary>
    public ToldHandler? Told { get; set; }

    /// <summary>Commands that have no answer yet.</summary>
    public int Unanswered
    {
        get { lock (gate) return waiting.Count; }
    }

    /// <summary>How long nothing was heard.</summary>
    public TimeSpan Silence => clock.GetElapsedTime(Volatile.Read(ref silentSince));

    /// <summary>Puts a command in line.</summary>
    public Admission TrySend(RedisOperation operation)
    {
        bool wakes;
        lock (gate)
        {
            if (closed) return Admission.Closed;
            if (waiting.Count >= longestQueue || filling.Length > MostUnsentBytes) return Admission.Full;
            if (waiting.Count == 0) Volatile.Write(ref silentSince, clock.GetTimestamp());
            if (operation.Asking)
            {
                filling.Append("*1\r\n$6\r\nASKING\r\n"u8);
                Wait(DroppedOperation.Instance);
                operation.Asking = false;
            }

            filling.Append(operation.Wire);
            Wait(operation);
            wakes = !writing;
            // Nobody else waits for an answer, so nobody is about to be woken by one: the sender's own thread writes, which saves a change of threads.
            alone = wakes && waiting.Count == 1;
            writing = true;
        }

        if (wakes) wake.Set();
        return Admission.Taken;
    }

    /// <summary>Sends a command whose answer goes to <see cref="Told"/>.</summary>
    public bool TrySend(ReadOnlySpan<byte> command)
    {
        bool wakes;
        lock (gate)
        {
            if (closed) return false;
            filling.Append(command);
            wakes = !writing;
            writing = true;
        }

        if (wakes) wake.Set();
        return true;
    }

    /// <summary>Reads and writes until the line breaks, which is always an exception.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] loops = [Background.Start(() => ReadAsync(ending.Token), CancellationToken.None), Background.Start(WriteAsync, CancellationToken.None)];
        var first = await Task.WhenAny(loops);
        Shut();
        Background.Cancel(ending);
        await stream.DisposeAsync();
        await Background.WhenEndedAsync(Task.WhenAll(loops));
        received.Dispose();
        await first;
        throw new IOException("the line was closed");
    }

    /// <summary>After <see cref="RunAsync"/>: fails what was sent and not answered, and hands back what never left, in order.</summary>
    public List<RedisOperation> TakeRest(Func<RedisOperation, Exception> unknown)
    {
        var rest = new List<RedisOperation>();
        // The reader may have stopped between two answers that it had taken out of the queue.
        while (nextAnswered < takenAnswers) FailUnknown(answered[nextAnswered++], unknown);
        lock (gate)
        {
            closed = true;
            while (waiting.Count > 0)
            {
                var neverLeft = waiting.Count <= notLeft;
                var operation = waiting.Dequeue();
                if (neverLeft && operation != DroppedOperation.Instance)
                {
                    rest.Add(operation);
                    continue;
                }

                FailUnknown(operation, unknown);
            }

            filling.Dispose();
            leaving.Dispose();
        }

        return rest;
    }

    /// <summary>Ends the wait of every command whose time is up. Its answer is still owed, and dropped when it comes.</summary>
    public int FailLate(long now, Func<RedisOperation, Exception> late)
    {
        var count = 0;
        lock (gate)
        {
            for (var i = 0; i < waiting.Count; i++)
            {
                var operation = waiting[i];
                if (operation.Deadline - now < 0 && operation.IsPending && operation != DroppedOperation.Instance && operation.Fail(late(operation))) count++;
            }
        }

        return count;
    }

    void Wait(RedisOperation operation)
    {
        waiting.Enqueue(operation);
        notLeft++;
    }

    void Shut()
    {
        bool wakes;
        lock (gate)
        {
            closed = true;
            wakes = !writing;
            writing = true;
        }

        if (wakes) wake.Set();
    }

    async Task WriteAsync()
    {
        while (true)
        {
            lock (gate)
            {
                if (closed) return;
                (filling, leaving) = (leaving, filling);
                writing = leaving.Length > 0;
                // From here on the network may have them.
                notLeft = 0;
            }

            if (leaving.Length == 0)
            {
                await wake.WaitAsync();
                // Behind those who were woken by the same read as the first sender: their commands go with this write, not with one each.
                if (!alone) await Task.Yield();
                continue;
            }

            // Without a token: a cancelled write would leave half a command on the line; a stream that is closed ends it as well.
            await stream.WriteAsync(leaving.Written, CancellationToken.None);
            leaving.Clear();
        }
    }

    async Task ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var count = await stream.ReadAsync(received.Free, cancellationToken);
            if (count == 0) throw new EndOfStreamException("the server closed the connection");
            Volatile.Write(ref silentSince, clock.GetTimestamp());
            received.Received(count);
            if (received.Replies.Count > 0) Deliver();
        }
    }

    void Deliver()
    {
        var asked = 0;
        foreach (var reply in received.Replies) asked += IsTold(received[reply]) ? 0 : 1;
        (nextAnswered, takenAnswers) = (0, TakeAnswered(asked));
        foreach (var place in received.Replies)
        {
            var reply = received[place];
            if (IsTold(reply)) Told?.Invoke(reply);
            else if (nextAnswered < takenAnswers)
            {
                // Counted afterwards: what an exception leaves unanswered is failed with the line.
                Answer(answered[nextAnswered], reply);
                nextAnswered++;
            }
            else if (Told is not null) Told(reply);
            else throw new MalformedDataException(RespFrame.What, "an answer that nobody asked for");
        }

        if (takenAnswers > 0) RedisMetrics.Commands.Add(takenAnswers);
    }

    int TakeAnswered(int count)
    {
        lock (gate)
        {
            count = Math.Min(count, waiting.Count);
            if (count > answered.Length) answered = new RedisOperation[Math.Max(count, answered.Length * 2)];
            for (var i = 0; i < count; i++) answered[i] = waiting.Dequeue();
            return count;
        }
    }

    void Answer(RedisOperation operation, ReadOnlySpan<byte> reply)
    {
        if (operation.IsPending && operation.Refused is { } refused && reply[0] is (byte)'-' or (byte)'!')
        {
            var reader = new RespReader(reply);
            refused.Take(operation, reader.ReadError(), Endpoint);
            return;
        }

        operation.Complete(reply);
        operation.Release();
    }

    static void FailUnknown(RedisOperation operation, Func<RedisOperation, Exception> unknown)
    {
        if (operation.IsPending && operation != DroppedOperation.Instance && operation.Fail(unknown(operation))) RedisMetrics.OutcomeUnknown.Add(1);
        operation.Release();
    }

    static bool IsTold(ReadOnlySpan<byte> reply) => reply[0] == '>' || (reply[0] == '|' && new RespReader(reply).Peek() == RespKind.Push);

    /// <summary>Stands for an answer that nobody wants: that to ASKING.</summary>
    sealed class DroppedOperation : RedisOperation
    {
        public static DroppedOperation Instance { get; } = new();

        public override void Complete(ReadOnlySpan<byte> reply) { }

        protected override void SetException(Exception problem) { }

        protected override void Recycle() { }
    }
}
