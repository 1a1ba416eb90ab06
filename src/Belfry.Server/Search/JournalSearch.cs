using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Core.Tracking;
using Belfry.Server.Auth;
using Belfry.Server.Watches;

namespace Belfry.Server.Search;

/// <summary>Something that a search found beside events. Exactly one of the last three is there.</summary>
/// <param name="Kind"><c>transaction</c>, <c>block</c> or <c>address</c>.</param>
/// <param name="Chain">Where.</param>
/// <param name="Transaction">Its id.</param>
/// <param name="Block">Its place, and whether the journal has it in the best chain.</param>
/// <param name="Address">The address as read.</param>
sealed record SearchHit(string Kind, FollowedChain Chain, TxHash? Transaction = null, (BlockRef Ref, bool InBestChain)? Block = null, WatchRequest? Address = null);

/// <summary>What a search found: things, and the events that tell of them in the order of the journal.</summary>
sealed record SearchResult(IReadOnlyList<SearchHit> Hits, IReadOnlyList<JournalEntry> Events, long Next, bool More);

/// <summary>
/// Finds whatever somebody has in hand: an event's id, a transaction, a block, a height, an address, or <c>seq:1042</c>. Each is one look into an index; the journal is never
/// read from end to end.
/// </summary>
sealed class JournalSearch(IJournal journal, AddressReader reader)
{
    const int EventIdLength = 32;
    const int LongestHeight = 9;

    /// <summary>What can be searched for, for people.</summary>
    public const string Understood = "a transaction id or block hash (64 hexadecimal digits), an event id (32), a height, seq:NUMBER, or an address of a followed chain";

    /// <summary>Searches; null when the text is nothing that can be searched for.</summary>
    public async ValueTask<SearchResult?> FindAsync(string text, HttpContext context, IReadOnlyList<FollowedChain> among, long after, int limit, CancellationToken cancellationToken)
    {
        ChainId? only = among.Count == 1 ? among[0].Profile.Id : null;
        if (text.StartsWith("seq:", StringComparison.OrdinalIgnoreCase)) return await OfSequenceAsync(text[4..], context, cancellationToken);
        if (text.Length == EventIdLength && text.All(char.IsAsciiHexDigit)) return Of(context, await journal.FindAsync(text.ToLowerInvariant(), cancellationToken) is { } entry ? [entry] : []);
        if (Hash256.TryParse(text, out var hash))
        {
            var told = await PageAsync(context, new JournalFilter(only, Transaction: new TxHash(hash)), after, limit, cancellationToken);
            return told.Events.Count > 0 || after > 0 ? told : await PageAsync(context, new JournalFilter(only, Block: new BlockHash(hash)), after, limit, cancellationToken);
        }

        if (text.Length <= LongestHeight && text.All(char.IsAsciiDigit)) return await PageAsync(context, new JournalFilter(only, Height: long.Parse(text)), after, limit, cancellationToken);
        var addresses = reader.Read(text, among, out _);
        if (addresses.Count == 0) return null;
        var (events, next, more) = (new List<JournalEntry>(), after, false);
        foreach (var address in addresses)
        {
            var page = await PageAsync(context, new JournalFilter(address.Chain.Profile.Id, address.Script), after, limit, cancellationToken);
            events.AddRange(page.Events);
            (next, more) = (Math.Max(next, page.Next), more || page.More);
        }

        return new SearchResult([.. addresses.Select(address => new SearchHit("address", address.Chain, Address: address))], events, next, more);
    }

    async ValueTask<SearchResult> OfSequenceAsync(string text, HttpContext context, CancellationToken cancellationToken)
    {
        var found = long.TryParse(text, out var sequence) && sequence >= 1 && sequence <= await journal.ReadHeadAsync(cancellationToken);
        return Of(context, found ? (await journal.ReadAsync(sequence - 1, 1, null, cancellationToken)).Entries : []);
    }

    async ValueTask<SearchResult> PageAsync(HttpContext context, JournalFilter filter, long after, int limit, CancellationToken cancellationToken)
    {
        var page = await journal.ReadAsync(after, limit, filter, cancellationToken);
        return Of(context, page.Entries) with { Next = page.Next, More = page.More };
    }

    /// <summary>What the events tell of, in the order in which it is first named.</summary>
    SearchResult Of(HttpContext context, IReadOnlyList<JournalEntry> entries)
    {
        List<JournalEntry> seen = [.. entries.Where(entry => entry.Event.Script is not { } script || context.Sees(entry.Chain, script))];
        var hits = new Dictionary<(ChainId, Hash256), SearchHit>();
        foreach (var entry in seen)
        {
            if (reader.Chains.FirstOrDefault(chain => chain.Profile.Id == entry.Chain) is not { } followed) continue;
            if (entry.Event.Transaction is { } id) hits.TryAdd((entry.Chain, id.Value), new SearchHit("transaction", followed, Transaction: id));
            // the last word counts: a block can leave and join again
            else if (JournalRules.BlockOf(entry.Event) is { } block && entry.Event.Height is { } height)
                hits[(entry.Chain, block.Value)] = new SearchHit("block", followed, Block: (new BlockRef(height, block), entry.Event.Kind == EventKind.NewBlock));
        }

        return new SearchResult([.. hits.Values], seen, seen.Count > 0 ? seen[^1].Sequence : 0, More: false);
    }
}
