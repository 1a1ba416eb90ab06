using System.Net.Sockets;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin.Rpc;
using Belfry.Nodes.Bitcoin.Zmq;
using Microsoft.Extensions.Logging;

namespace Belfry.Nodes.Bitcoin.Sources;

/// <summary>
/// The node's ZeroMQ publications: <c>rawtx</c>, <c>hashblock</c>, <c>rawblock</c> and <c>sequence</c>, each over a connection of its own; those that the node does not
/// publish stay silent. Every message is a hint.
/// </summary>
sealed class ZmqFeed(
    IReadOnlyList<ZmqEndpoint> endpoints, BitcoinRpc rpc, Func<NodeWatch> watch, RecentBlocks blocks, INetwork network, TimeProvider clock, ZmtpLimits limits, ILogger logger) : IFeed
{
    static readonly string[] Topics = ["rawtx", "hashblock", "rawblock", "sequence"];

    // Outlive connections: a counter that went back tells that the node was started anew.
    readonly Dictionary<(ZmqEndpoint, string), ZmqCounter> counters = [];

    /// <inheritdoc/>
    public FeedKind Kind => FeedKind.Zmq;

    /// <inheritdoc/>
    public async ValueTask<bool> IsOfferedAsync(CancellationToken cancellationToken)
    {
        var published = await rpc.ReadZmqPublicationsAsync(cancellationToken);
        // Null: the node does not say. A relative without the method may well publish (bcoin with a plugin); connecting shows it.
        return published is null
            || (published.Any(static entry => entry.Topic is "rawtx" or "hashtx" or "sequence") && published.Any(static entry => entry.Topic is "hashblock" or "rawblock" or "sequence"));
    }

    /// <inheritdoc/>
    public async Task RunAsync(IFeedSink sink, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var open = new List<ZmqSubscription>();
        try
        {
            await OpenAsync(open, stop.Token);
            sink.Opened();
            var watcher = watch();
            var tasks = open.Select(subscription => RunAsync(subscription, sink, watcher, stop.Token)).Append(watcher.RunAsync(sink, stop.Token)).ToArray();
            var first = await Task.WhenAny(tasks);
            await stop.CancelAsync();
            await Background.WhenEndedAsync(Task.WhenAll(tasks));
            await first;
        }
        catch (Exception problem) when (problem is IOException or SocketException)
        {
            throw new FeedLostException(LostReason.ConnectionLost, problem.Message, problem);
        }
        catch (MalformedDataException problem)
        {
            throw new FeedLostException(LostReason.Garbled, problem.Message, problem);
        }
        finally
        {
            foreach (var subscription in open) await subscription.DisposeAsync();
        }
    }

    async Task OpenAsync(List<ZmqSubscription> open, CancellationToken cancellationToken)
    {
        var opening = endpoints.SelectMany(endpoint => Topics.Select(topic => ZmqSubscription.OpenAsync(endpoint, topic, network, clock, limits, cancellationToken))).ToArray();
        try
        {
            await Task.WhenAll(opening);
        }
        finally
        {
            foreach (var task in opening)
            {
                if (task.IsCompletedSuccessfully) open.Add(await task);
            }
        }
    }

    Task RunAsync(ZmqSubscription subscription, IFeedSink sink, NodeWatch watcher, CancellationToken cancellationToken)
    {
        if (!counters.TryGetValue((subscription.Endpoint, subscription.Topic), out var counter))
            counters[(subscription.Endpoint, subscription.Topic)] = counter = new ZmqCounter();
        counter.Reconnect();
        return subscription.RunAsync(message => Take(message, counter, sink, watcher), cancellationToken);
    }

    void Take(ZmqMessage message, ZmqCounter counter, IFeedSink sink, NodeWatch watcher)
    {
        switch (counter.Take(message.Counter, out var missing))
        {
            case CounterVerdict.Gap:
                SourceLog.FrameGap(logger, message.Topic, missing, message.Counter);
                sink.Hole(LostReason.FrameGap, $"{missing} messages of topic {message.Topic} are missing before number {message.Counter}");
                break;
            case CounterVerdict.Restarted:
                sink.Hole(LostReason.NodeRestarted, $"the message counter of topic {message.Topic} went back to {message.Counter}");
                break;
        }

        if (Translate(message, watcher) is { } signal) sink.Tell(signal);
    }

    FeedSignal? Translate(ZmqMessage message, NodeWatch watcher)
    {
        switch (message.Topic)
        {
            case "rawtx":
                watcher.HeardTransaction();
                return new FeedSignal.TransactionArrived(message.Body);
            case "rawblock":
                watcher.HeardBlock();
                return blocks.Add(message.Body) is { } pushed ? new FeedSignal.TipChanged(pushed) : throw new MalformedDataException("ZeroMQ message", "a rawblock without a header");
            case "hashblock":
                watcher.HeardBlock();
                return new FeedSignal.TipChanged(new BlockHash(message.ReadHash()));
            case "sequence":
                return Translate(message.ReadSequence(), watcher);
            default:
                return null;
        }
    }

    static FeedSignal Translate(ZmqSequence change, NodeWatch watcher)
    {
        if (change.Label is 'C' or 'D')
        {
            watcher.HeardBlock();
            return new FeedSignal.TipChanged(new BlockHash(change.Hash));
        }

        watcher.HeardTransaction();
        var id = new TxHash(change.Hash);
        return change.Label == 'A' ? new FeedSignal.TransactionAnnounced(id, change.MempoolSequence) : new FeedSignal.TransactionLeft(id, change.MempoolSequence);
    }
}
