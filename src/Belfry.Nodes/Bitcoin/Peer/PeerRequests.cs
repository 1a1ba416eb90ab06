using Belfry.Core.Chains;

namespace Belfry.Nodes.Bitcoin.Peer;

/// <summary>
/// What was announced and is to be asked for, and what was asked for and not yet answered: both bounded, so that announcements cannot fill the memory.
/// One user at a time.
/// </summary>
sealed class PeerRequests(PeerParameters parameters, PeerFeedOptions options, TimeProvider clock)
{
    /// <summary>Blocks announced at once that are fetched; a longer list is a node catching up, and its blocks are read back in order elsewhere.</summary>
    const int MaxBlocks = 16;

    readonly Queue<InventoryItem> pending = new();
    readonly Queue<(Hash256 Hash, long AskedAt)> order = new();
    readonly HashSet<Hash256> known = [];
    readonly HashSet<Hash256> inFlight = [];
    readonly Queue<BlockHash> blocks = new();
    BlockHash? block;
    long blockAskedAt;

    public int InFlight => inFlight.Count;

    public int Pending => pending.Count;

    /// <summary>Takes an announced transaction in; false when there is no room for it.</summary>
    public bool TryAdd(InventoryItem item)
    {
        if (known.Contains(item.Hash)) return true;
        if (pending.Count >= options.MaxPending) return false;
        known.Add(item.Hash);
        pending.Enqueue(item);
        return true;
    }

    /// <summary>Takes an announced block in.</summary>
    public void Add(BlockHash hash)
    {
        if (hash == block || blocks.Contains(hash)) return;
        blocks.Enqueue(hash);
        // The newest matter: they are the best chain.
        if (blocks.Count > MaxBlocks) blocks.Dequeue();
    }

    /// <summary>What to ask for now.</summary>
    public InventoryItem[] Next()
    {
        var flags = (parameters.Witness ? Inventory.WitnessFlag : 0) | (parameters.Mweb ? Inventory.MwebFlag : 0);
        var now = clock.GetTimestamp();
        var items = new List<InventoryItem>();
        while (pending.Count > 0 && inFlight.Count < options.MaxInFlight && items.Count < Inventory.MaxItems)
        {
            var item = pending.Dequeue();
            inFlight.Add(item.Hash);
            order.Enqueue((item.Hash, now));
            // A wtxid names the witness form already.
            items.Add(item.Type == Inventory.WitnessTransaction ? item : new InventoryItem(item.Type | flags, item.Hash));
        }

        // One block at a time: each has megabytes.
        if (block is null && blocks.TryDequeue(out var next))
        {
            (block, blockAskedAt) = (next, now);
            items.Add(new InventoryItem(Inventory.Block | flags, next.Value));
        }

        return [.. items];
    }

    /// <summary>A transaction came: true when one was asked for. A node answers in the order of the questions, and its id is not known without decoding it.</summary>
    public bool TransactionCame()
    {
        while (order.TryDequeue(out var oldest))
        {
            if (!inFlight.Remove(oldest.Hash)) continue;
            known.Remove(oldest.Hash);
            return true;
        }

        return false;
    }

    /// <summary>A block came: true when it is the one that was asked for.</summary>
    public bool BlockCame(BlockHash hash)
    {
        if (hash != block) return false;
        block = null;
        return true;
    }

    /// <summary>The peer does not have it: a transaction left its mempool, or a block its best chain, meanwhile.</summary>
    public void Forget(InventoryItem item)
    {
        if (inFlight.Remove(item.Hash)) known.Remove(item.Hash);
        if (block is { } asked && asked.Value == item.Hash) block = null;
    }

    /// <summary>Gives up what was asked for too long ago; returns how many transactions.</summary>
    public int Expire()
    {
        var given = 0;
        while (order.TryPeek(out var oldest) && (!inFlight.Contains(oldest.Hash) || clock.GetElapsedTime(oldest.AskedAt) > options.RequestTimeout))
        {
            order.Dequeue();
            if (!inFlight.Remove(oldest.Hash)) continue;
            known.Remove(oldest.Hash);
            given++;
        }

        if (block is not null && clock.GetElapsedTime(blockAskedAt) > options.RequestTimeout) block = null;
        return given;
    }
}
