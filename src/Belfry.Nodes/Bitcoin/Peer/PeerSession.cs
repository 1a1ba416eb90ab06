using Belfry.Core.Chains;
using Microsoft.Extensions.Logging;

namespace Belfry.Nodes.Bitcoin.Peer;

/// <summary>One connection's worth of asking and telling.</summary>
sealed class PeerSession(
    PeerConnection connection, PeerFeedQueue queue, PeerRequests requests, PeerParameters parameters, PeerFeedOptions options, ILogger logger)
{
    readonly string endPoint = options.Connection.EndPoint;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var remote = connection.Remote;
        logger.Connected(endPoint, remote.UserAgent, remote.Version, remote.Height);
        PeerMetrics.Connected(endPoint);
        await queue.WriteAsync(new PeerFeedEvent.Connected(remote), cancellationToken);
        if (parameters.PlainHeaders) await connection.SendSendHeadersAsync(cancellationToken);
        await foreach (var message in connection.Messages.ReadAllAsync(cancellationToken))
        {
            await HandleAsync(message, cancellationToken);
            // The node's answers to our pings come often, and so this also runs while nothing else happens.
            await LoseAsync(requests.Expire(), "timeout", cancellationToken);
            if (requests.Next() is { Length: > 0 } next) await connection.SendGetDataAsync(next, cancellationToken);
        }
    }

    ValueTask HandleAsync(PeerMessage message, CancellationToken cancellationToken) => message switch
    {
        PeerMessage.Announced announced => AnnouncedAsync(announced.Items, cancellationToken),
        PeerMessage.Headers headers => BlocksAnnouncedAsync([.. headers.Items.Select(header => header.Hash)], cancellationToken),
        PeerMessage.Transaction transaction => TransactionAsync(transaction.Raw, cancellationToken),
        PeerMessage.Block block => BlockAsync(block, cancellationToken),
        _ => Note(message),
    };

    ValueTask Note(PeerMessage message)
    {
        switch (message)
        {
            case PeerMessage.NotFound missing:
                foreach (var item in missing.Items) requests.Forget(item with { Type = item.Type & ~(Inventory.WitnessFlag | Inventory.MwebFlag) });
                break;
            case PeerMessage.Rejected rejected:
                logger.Rejected(endPoint, rejected.Command, rejected.Code, rejected.Reason);
                break;
            case PeerMessage.FeeFilter filter:
                logger.FeeFilter(endPoint, filter.BaseUnitsPerKilobyte);
                break;
        }

        return ValueTask.CompletedTask;
    }

    async ValueTask AnnouncedAsync(IReadOnlyList<InventoryItem> items, CancellationToken cancellationToken)
    {
        var blocks = new List<BlockHash>();
        var lost = 0;
        foreach (var item in items)
        {
            if (item.Type == Inventory.Block) blocks.Add(new BlockHash(item.Hash));
            else if (item.Type is Inventory.Transaction or Inventory.WitnessTransaction && !requests.TryAdd(item)) lost++;
        }

        await BlocksAnnouncedAsync(blocks, cancellationToken);
        await LoseAsync(lost, "overflow", cancellationToken);
    }

    async ValueTask BlocksAnnouncedAsync(IReadOnlyList<BlockHash> hashes, CancellationToken cancellationToken)
    {
        foreach (var hash in hashes)
        {
            if (options.FetchBlocks) requests.Add(hash);
            await queue.WriteAsync(new PeerFeedEvent.BlockAnnounced(hash), cancellationToken);
        }
    }

    async ValueTask TransactionAsync(ReadOnlyMemory<byte> raw, CancellationToken cancellationToken)
    {
        if (!requests.TransactionCame())
        {
            logger.Unsolicited(endPoint, "transaction");
            return;
        }

        if (PeerPayloads.IsEmptyTransaction(raw.Span))
        {
            logger.EmptyTransaction(endPoint);
            return;
        }

        PeerMetrics.TransactionReceived(endPoint);
        await queue.WriteAsync(new PeerFeedEvent.TransactionReceived(raw), cancellationToken);
    }

    async ValueTask BlockAsync(PeerMessage.Block block, CancellationToken cancellationToken)
    {
        if (!requests.BlockCame(block.Hash))
        {
            logger.Unsolicited(endPoint, "block");
            return;
        }

        PeerMetrics.BlockReceived(endPoint);
        await queue.WriteAsync(new PeerFeedEvent.BlockReceived(block.Hash, block.Raw), cancellationToken);
    }

    async ValueTask LoseAsync(int count, string reason, CancellationToken cancellationToken)
    {
        if (count == 0) return;
        logger.AnnouncementsLost(endPoint, count, reason);
        PeerMetrics.AnnouncementsLost(endPoint, count);
        await queue.WriteAsync(new PeerFeedEvent.AnnouncementsLost(count, reason), cancellationToken);
    }
}
