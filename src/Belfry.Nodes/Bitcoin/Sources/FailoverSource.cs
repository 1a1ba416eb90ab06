using System.Numerics;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Microsoft.Extensions.Logging;

namespace Belfry.Nodes.Bitcoin.Sources;

/// <summary>
/// Several nodes of one chain, one at a time. Stays with a node until it is really gone, then goes over to the first in order that answers and is not behind what was
/// seen before, and tells <c>node_switched</c>. Questions to a node that has gone fail; the pipeline asks again when the feed is told open.
/// </summary>
public sealed class FailoverSource : IChainSource
{
    readonly IReadOnlyList<IChainSource> nodes;
    readonly ChainId chain;
    readonly TimeSpan grace;
    readonly TimeProvider clock;
    readonly ILogger logger;
    readonly CancellationTokenSource disposed = new();
    readonly Lock gate = new();
    readonly HashSet<Task> listeners = [];
    Task reconsidering = Task.CompletedTask;
    CancellationTokenSource turn = new();
    BigInteger mostWork;
    volatile int current;

    /// <summary>Takes nodes in the order of preference; they are disposed with it.</summary>
    /// <param name="nodes">At least one.</param>
    /// <param name="chain">For logs.</param>
    /// <param name="grace">How long a node may be away before the next one takes over.</param>
    /// <param name="clock">The time.</param>
    /// <param name="logger">The log.</param>
    public FailoverSource(IReadOnlyList<IChainSource> nodes, ChainId chain, TimeSpan grace, TimeProvider clock, ILogger logger)
    {
        if (nodes.Count == 0) throw new ArgumentException("A chain needs at least one node.", nameof(nodes));
        this.nodes = nodes;
        this.chain = chain;
        this.grace = grace;
        this.clock = clock;
        this.logger = logger;
    }

    /// <inheritdoc/>
    public SourceStatus Status => nodes[current].Status;

    /// <inheritdoc/>
    public IAsyncEnumerable<FeedSignal> ListenAsync(CancellationToken cancellationToken)
    {
        var queue = new SignalQueue();
        var listener = Background.Start(() => ListenAsync(queue, cancellationToken), CancellationToken.None);
        lock (gate)
        {
            listeners.RemoveWhere(static task => task.IsCompleted);
            listeners.Add(listener);
        }

        return queue.ReadAllAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<ChainTip> ReadTipAsync(CancellationToken cancellationToken)
    {
        var tip = await AskAsync(node => node.ReadTipAsync(cancellationToken));
        lock (gate) mostWork = BigInteger.Max(mostWork, tip.Header.Work);
        return tip;
    }

    /// <inheritdoc/>
    public ValueTask<BlockHeader?> ReadHeaderAsync(BlockHash hash, CancellationToken cancellationToken) => AskAsync(node => node.ReadHeaderAsync(hash, cancellationToken));

    /// <inheritdoc/>
    public ValueTask<bool> IsInvalidAsync(BlockHash hash, CancellationToken cancellationToken) => AskAsync(node => node.IsInvalidAsync(hash, cancellationToken));

    /// <inheritdoc/>
    public ValueTask<BlockHash?> ReadHashAsync(long height, CancellationToken cancellationToken) => AskAsync(node => node.ReadHashAsync(height, cancellationToken));

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>?> ReadBlockAsync(BlockHash hash, CancellationToken cancellationToken) => AskAsync(node => node.ReadBlockAsync(hash, cancellationToken));

    /// <inheritdoc/>
    public ValueTask<MempoolSnapshot> ReadMempoolAsync(CancellationToken cancellationToken) => AskAsync(node => node.ReadMempoolAsync(cancellationToken));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ReadOnlyMemory<byte>?>> ReadTransactionsAsync(IReadOnlyList<TxHash> ids, CancellationToken cancellationToken) =>
        AskAsync(node => node.ReadTransactionsAsync(ids, cancellationToken));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<TxOutput?>> ReadPrevoutsAsync(ChainTransaction transaction, BlockHash? block, CancellationToken cancellationToken) =>
        AskAsync(node => node.ReadPrevoutsAsync(transaction, block, cancellationToken));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Background.Cancel(disposed);
        Task[] running;
        lock (gate) running = [.. listeners, reconsidering];
        await Task.WhenAll(running);
        foreach (var node in nodes) await node.DisposeAsync();
        turn.Dispose();
        disposed.Dispose();
    }

    async ValueTask<T> AskAsync<T>(Func<IChainSource, ValueTask<T>> question)
    {
        var at = current;
        try
        {
            return await question(nodes[at]);
        }
        catch (EndpointException)
        {
            Suspect(at);
            throw;
        }
    }

    async Task ListenAsync(SignalQueue queue, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, disposed.Token);
        try
        {
            while (true)
            {
                int at;
                CancellationToken moved;
                lock (gate) (at, moved) = (current, turn.Token);
                await PumpAsync(at, queue, moved, stop.Token);
                queue.Write(new FeedSignal.Lost(LostReason.NodeSwitched, $"from {nodes[at].Status.Endpoint} to {Status.Endpoint}"));
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            queue.Complete(null);
        }
#pragma warning disable CA1031 // whatever it is, the listener must hear it: a feed that ends silently looks like a quiet chain
        catch (Exception problem)
        {
            queue.Complete(problem);
        }
#pragma warning restore CA1031
    }

    /// <summary>Passes on one node's signals until another node is chosen.</summary>
    async Task PumpAsync(int at, SignalQueue queue, CancellationToken moved, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(moved, cancellationToken);
        try
        {
            await CopyAsync(at, queue, stop.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Stopped because another node was chosen.
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    async Task CopyAsync(int at, SignalQueue queue, CancellationToken cancellationToken)
    {
        await foreach (var signal in nodes[at].ListenAsync(cancellationToken))
        {
            queue.Write(signal);
            if (signal is FeedSignal.Lost { Reason: LostReason.ConnectionLost or LostReason.WrongNetwork or LostReason.Garbled }) Suspect(at);
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Something failed: find out, beside everything else, whether the node is gone.</summary>
    void Suspect(int at)
    {
        lock (gate)
        {
            if (nodes.Count == 1 || at != current || !reconsidering.IsCompleted || disposed.IsCancellationRequested) return;
            reconsidering = Background.Start(() => ReconsiderAsync(at, disposed.Token), CancellationToken.None);
        }
    }

    async Task ReconsiderAsync(int at, CancellationToken cancellationToken)
    {
        try
        {
            var since = clock.GetTimestamp();
            while (true)
            {
                if (await ProbeAsync(at, cancellationToken) is not null) return;
                if (clock.GetElapsedTime(since) >= grace && await ChooseAsync(at, cancellationToken) is { } next)
                {
                    MoveTo(next);
                    return;
                }

                await Task.Delay(grace / 8, clock, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Disposed meanwhile.
        }
    }

    /// <summary>The first other node in order that is not behind what was seen; else the one with the most work; null when none answers.</summary>
    async Task<int?> ChooseAsync(int gone, CancellationToken cancellationToken)
    {
        (int Node, BigInteger Work)? best = null;
        BigInteger seen;
        lock (gate) seen = mostWork;
        for (var i = 0; i < nodes.Count; i++)
        {
            if (i == gone || await ProbeAsync(i, cancellationToken) is not { } tip) continue;
            if (tip.Header.Work >= seen) return i;
            if (best is null || tip.Header.Work > best.Value.Work) best = (i, tip.Header.Work);
        }

        return best?.Node;
    }

    async Task<ChainTip?> ProbeAsync(int node, CancellationToken cancellationToken)
    {
        try
        {
            return await nodes[node].ReadTipAsync(cancellationToken);
        }
        catch (EndpointException problem)
        {
            SourceLog.NodeAway(logger, chain, problem.Message);
            return null;
        }
    }

    void MoveTo(int next)
    {
        CancellationTokenSource over;
        lock (gate)
        {
            SourceLog.Switched(logger, chain, nodes[current].Status.Endpoint, nodes[next].Status.Endpoint);
            current = next;
            (over, turn) = (turn, new CancellationTokenSource());
        }

        Background.Cancel(over);
        over.Dispose();
    }
}
