using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin.Peer;

namespace Belfry.Nodes.Bitcoin.Sources;

/// <summary>The node's peer protocol: transactions and blocks with their bytes, as the node announces them to its peers.</summary>
sealed class PeerFeed(PeerFeedClient client, Func<NodeWatch> watch, RecentBlocks blocks) : IFeed
{
    /// <inheritdoc/>
    public FeedKind Kind => FeedKind.Peer;

    /// <inheritdoc/>
    // Connecting shows it.
    public ValueTask<bool> IsOfferedAsync(CancellationToken cancellationToken) => ValueTask.FromResult(true);

    /// <inheritdoc/>
    public async Task RunAsync(IFeedSink sink, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watcher = watch();
        var hearing = HearAsync(sink, watcher, stop.Token);
        var watching = watcher.RunAsync(sink, stop.Token);
        var first = await Task.WhenAny(hearing, watching);
        await stop.CancelAsync();
        await Background.WhenEndedAsync(Task.WhenAll(hearing, watching));
        await first;
    }

    async Task HearAsync(IFeedSink sink, NodeWatch watcher, CancellationToken cancellationToken)
    {
        await foreach (var news in client.ListenAsync(cancellationToken))
        {
            switch (news)
            {
                case PeerFeedEvent.Connected:
                    sink.Opened();
                    break;
                case PeerFeedEvent.Disconnected(var reason, var detail):
                    // The client would come back by itself; meanwhile another feed serves, so the supervisor decides.
                    throw new FeedLostException(WordFor(reason), detail);
                case PeerFeedEvent.TransactionReceived(var raw):
                    watcher.HeardTransaction();
                    sink.Tell(new FeedSignal.TransactionArrived(raw));
                    break;
                case PeerFeedEvent.BlockAnnounced(var hash):
                    watcher.HeardBlock();
                    sink.Tell(new FeedSignal.TipChanged(hash));
                    break;
                case PeerFeedEvent.BlockReceived(var hash, var raw):
                    watcher.HeardBlock();
                    if (!blocks.Add(raw, hash)) throw new FeedLostException(LostReason.Garbled, $"the peer sent another block where {hash} was asked");
                    sink.Tell(new FeedSignal.TipChanged(hash));
                    break;
                case PeerFeedEvent.AnnouncementsLost(var count, var reason):
                    sink.Hole(LostReason.AnnouncementsLost, $"the bytes of {count} announced transactions did not come ({reason})");
                    break;
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    static string WordFor(string reason) => reason switch
    {
        PeerEnd.Malformed or PeerEnd.HandshakeFailed => LostReason.Garbled,
        PeerEnd.Silence or PeerEnd.Slow => LostReason.Silence,
        _ => LostReason.ConnectionLost,
    };
}
