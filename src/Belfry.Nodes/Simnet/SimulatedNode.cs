using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;

namespace Belfry.Nodes.Simnet;

/// <summary>What goes wrong between a simulated node and whoever listens to it. Chances are from 0 to 1, per signal or question.</summary>
public sealed record SimFaults
{
    /// <summary>A signal never arrives.</summary>
    public double Lose { get; init; }

    /// <summary>A signal arrives twice.</summary>
    public double Duplicate { get; init; }

    /// <summary>A signal is held back and arrives after a later one.</summary>
    public double Reorder { get; init; }

    /// <summary>A question is answered by an outage.</summary>
    public double Refuse { get; init; }

    /// <summary>A transaction that was asked for is left out of the answer although the node has it.</summary>
    public double Withhold { get; init; }

    /// <summary>Announce ids only; the listener has to ask for the bytes.</summary>
    public bool AnnounceOnly { get; init; }

    /// <summary>Never tell of transactions that leave the mempool, as nodes without ZeroMQ's <c>sequence</c> topic.</summary>
    public bool HideDepartures { get; init; }

    /// <summary>Tell a block's transactions once more with the block, as ZeroMQ's <c>rawtx</c> topic does.</summary>
    public bool RepeatBlockTransactions { get; init; }

    /// <summary>While behind, know the headers of the blocks that are still to be fetched, as nodes do that download headers first.</summary>
    public bool HeadersFirst { get; init; }

    /// <summary>Cannot tell what inputs of a confirmed transaction spent, as nodes before undo data was served.</summary>
    public bool NoPrevouts { get; init; }
}

/// <summary>
/// One node of a simulated chain. It can stop, come back behind and with an empty mempool, and lose, repeat and reorder what it tells. Several nodes may show one chain.
/// </summary>
public sealed class SimulatedNode : IChainSource
{
    readonly Lock gate = new();
    readonly SimulatedChain chain;
    readonly IEntropy entropy;
    readonly IDisposable subscription;
    readonly List<Listener> listeners = [];
    readonly HashSet<TxHash> forgotten = [];
    readonly string endpoint;
    SimBlock? pinned;
    bool running = true;

    /// <summary>A running node that shows the whole chain.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="entropy">Decides which signals the faults hit.</param>
    /// <param name="name">Tells several nodes of one chain apart.</param>
    public SimulatedNode(SimulatedChain chain, IEntropy entropy, string name = "node")
    {
        this.chain = chain;
        this.entropy = entropy;
        endpoint = $"simnet/{chain.Settings.Profile.Id}/{name}";
        subscription = chain.Subscribe(Hear);
    }

    /// <summary>What goes wrong; may be changed at any time.</summary>
    public SimFaults Faults { get; set; } = new();

    /// <inheritdoc/>
    public SourceStatus Status => new(endpoint, FeedKind.Simnet, "/Belfry Simnet/");

    /// <summary>Stops answering and telling.</summary>
    public void Stop()
    {
        lock (gate)
        {
            running = false;
            Send(new FeedSignal.Lost("connection_lost", $"{endpoint} has stopped"));
        }
    }

    /// <summary>Starts again after a stop or a crash.</summary>
    /// <param name="behindBy">How many of the best chain's blocks it does not have any more; it shows them after <see cref="CatchUp"/>.</param>
    /// <param name="forgetMempool">Whether it comes back without what waited.</param>
    public void Restart(int behindBy = 0, bool forgetMempool = true) => chain.Atomically(() =>
    {
        lock (gate)
        {
            pinned = behindBy == 0 ? null : chain.BlockAt(Math.Max(0, chain.Tip.Height - behindBy));
            forgotten.Clear();
            if (forgetMempool) forgotten.UnionWith(chain.Mempool.Select(transaction => transaction.Id));
            running = true;
            Send(new FeedSignal.Lost("node_restarted", $"{endpoint} has restarted"));
            Send(new FeedSignal.Opened(FeedKind.Simnet, endpoint));
            return true;
        }
    });

    /// <summary>Shows the whole chain again.</summary>
    public void CatchUp()
    {
        lock (gate)
        {
            pinned = null;
            Send(new FeedSignal.TipChanged(null));
        }
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<FeedSignal> ListenAsync(CancellationToken cancellationToken)
    {
        var listener = new Listener();
        lock (gate)
        {
            listeners.Add(listener);
            if (running) listener.Signals.Writer.TryWrite(new FeedSignal.Opened(FeedKind.Simnet, endpoint));
        }

        return ReadAsync(listener, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ChainTip> ReadTipAsync(CancellationToken cancellationToken) =>
        Answer(() => new ChainTip(Tip().Header, InitialDownload: false), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<BlockHeader?> ReadHeaderAsync(BlockHash hash, CancellationToken cancellationToken) =>
        Answer(
            () => (Find(hash) ?? (Faults.HeadersFirst ? chain.FindBlock(hash) : null)) is { } block ? block.Header with { InBestChain = Shows(block) } : null, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> IsInvalidAsync(BlockHash hash, CancellationToken cancellationToken) =>
        Answer(() => Find(hash) is { } block && chain.IsInvalid(block), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<BlockHash?> ReadHashAsync(long height, CancellationToken cancellationToken) =>
        Answer(() => height <= Tip().Height ? At(height)?.Hash : null, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>?> ReadBlockAsync(BlockHash hash, CancellationToken cancellationToken) =>
        Answer(() => Find(hash) is { Raw.Length: > 0 } block ? block.Raw : (ReadOnlyMemory<byte>?)null, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<MempoolSnapshot> ReadMempoolAsync(CancellationToken cancellationToken) => Answer(
        () => new MempoolSnapshot([.. Waiting().Select(transaction => transaction.Id)], Faults.HideDepartures ? null : chain.MempoolSequence, Loaded: true), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ReadOnlyMemory<byte>?>> ReadTransactionsAsync(IReadOnlyList<TxHash> ids, CancellationToken cancellationToken) => Answer(
        () =>
        {
            var waiting = Waiting().ToDictionary(transaction => transaction.Id);
            return (IReadOnlyList<ReadOnlyMemory<byte>?>)[.. ids.Select(id => waiting.TryGetValue(id, out var found) && !entropy.Chance(Faults.Withhold) ? found.Raw : (ReadOnlyMemory<byte>?)null)];
        }, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<TxOutput?>> ReadPrevoutsAsync(ChainTransaction transaction, BlockHash? block, CancellationToken cancellationToken) => Answer(
        () => chain.Fate(transaction.Id)?.Transaction is { } found && !(block is not null && Faults.NoPrevouts)
            ? (IReadOnlyList<TxOutput?>)[.. found.Spent.Select(coin => (TxOutput?)new TxOutput(coin.OutPoint.Index, coin.Script, coin.Value))]
            : [.. transaction.Inputs.Select(_ => (TxOutput?)null)],
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        subscription.Dispose();
        lock (gate)
            foreach (var listener in listeners) listener.Signals.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    async IAsyncEnumerable<FeedSignal> ReadAsync(Listener listener, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Cancelling ends the channel instead of its reader: a channel cancels its waiters on the thread pool, out of a simulation's sight.
        await using var end = cancellationToken.UnsafeRegister(static state => ((Listener)state!).Signals.Writer.TryComplete(), listener);
        try
        {
            // Not ReadAllAsync: it leaves the scheduler of its caller.
            while (await listener.Signals.Reader.WaitToReadAsync(CancellationToken.None))
            {
                while (listener.Signals.Reader.TryRead(out var signal)) yield return signal;
            }

            cancellationToken.ThrowIfCancellationRequested();
        }
        finally
        {
            lock (gate) listeners.Remove(listener);
        }
    }

    /// <summary>The chain calls this under its own lock, so the lock order is always chain before node.</summary>
    void Hear(SimChange change)
    {
        lock (gate)
        {
            if (!running) return;
            switch (change)
            {
                case SimChange.Entered entered:
                    forgotten.Remove(entered.Transaction.Id);
                    Distort(Faults.AnnounceOnly
                        ? new FeedSignal.TransactionAnnounced(entered.Transaction.Id, entered.Sequence)
                        : new FeedSignal.TransactionArrived(entered.Transaction.Raw));
                    break;
                case SimChange.Left left when !Faults.HideDepartures:
                    Distort(new FeedSignal.TransactionLeft(left.Transaction.Id, left.Sequence));
                    break;
                case SimChange.Connected connected when pinned is null:
                    foreach (var transaction in Faults.RepeatBlockTransactions ? connected.Block.Transactions : []) Distort(new FeedSignal.TransactionArrived(transaction.Raw));
                    Distort(new FeedSignal.TipChanged(connected.Block.Hash));
                    break;
                case SimChange.Disconnected when pinned is null:
                    Distort(new FeedSignal.TipChanged(null));
                    break;
            }
        }
    }

    void Distort(FeedSignal signal)
    {
        foreach (var listener in listeners)
        {
            if (entropy.Chance(Faults.Lose)) continue;
            if (listener.Held is null && entropy.Chance(Faults.Reorder))
            {
                listener.Held = signal;
                continue;
            }

            listener.Signals.Writer.TryWrite(signal);
            if (entropy.Chance(Faults.Duplicate)) listener.Signals.Writer.TryWrite(signal);
            if (listener.Held is not { } held) continue;
            listener.Held = null;
            listener.Signals.Writer.TryWrite(held);
        }
    }

    void Send(FeedSignal signal)
    {
        foreach (var listener in listeners) listener.Signals.Writer.TryWrite(signal);
    }

    ValueTask<T> Answer<T>(Func<T> read, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(chain.Atomically(() =>
        {
            lock (gate)
            {
                if (!running || entropy.Chance(Faults.Refuse)) throw new EndpointException(endpoint, $"Chains:{chain.Settings.Profile.Id}:Network", "the simulated node does not answer");
                return read();
            }
        }));
    }

    SimBlock Tip() => pinned ?? chain.Tip;

    /// <summary>A block that this node has: everything when it is up to date, otherwise only what is at or below the block where it stands.</summary>
    SimBlock? Find(BlockHash hash) => chain.FindBlock(hash) is { } block && (pinned is null || block.Height <= pinned.Height) ? block : null;

    bool Shows(SimBlock block) => block.Height <= Tip().Height && At(block.Height)?.Hash == block.Hash;

    SimBlock? At(long height)
    {
        if (pinned is null || chain.IsInBestChain(pinned)) return chain.BlockAt(height);
        var step = pinned;
        while (step is not null && step.Height > height) step = chain.FindBlock(step.Header.Previous);
        return step;
    }

    IEnumerable<SimTransaction> Waiting() => chain.Mempool.Where(transaction => !forgotten.Contains(transaction.Id));

    sealed class Listener
    {
        /// <summary>Without bound: the reader is in this process, and a simulated node that waits would stop the whole chain.</summary>
        public Channel<FeedSignal> Signals { get; } = Channel.CreateUnbounded<FeedSignal>(new UnboundedChannelOptions { SingleReader = true });

        public FeedSignal? Held { get; set; }
    }
}
