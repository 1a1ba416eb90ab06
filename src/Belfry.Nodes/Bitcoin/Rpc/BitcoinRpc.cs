using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;

namespace Belfry.Nodes.Bitcoin.Rpc;

/// <summary>
/// The calls that Belfry makes to Bitcoin Core and its relatives, in the dialect that each understands: bcoin wants verbosity as a flag, old nodes do not know
/// some methods. "Not there" is null; every other refusal is an outage.
/// </summary>
public sealed class BitcoinRpc(NodeRpc rpc, int decimals)
{
    const int NotFound = -5;
    const int OutOfRange = -8;
    const int Miscellaneous = -1;
    const int WrongType = -3;

    // Questions that also find out whether the node still answers; a frozen node must be noticed within ten seconds.
    static readonly TimeSpan Quick = TimeSpan.FromSeconds(5);

    // Whether raw forms are asked for with "false" (every node so far) or with 0 (should one stop taking flags).
    volatile bool numbersOnly;
    volatile bool sequenceUnknown;
    volatile bool prevoutsUnknown;
    bool? hasIndex;

    /// <summary>The connection underneath.</summary>
    public NodeRpc Connection => rpc;

    /// <summary>What the node says of its chain.</summary>
    public Task<ChainInfo> ReadChainInfoAsync(CancellationToken cancellationToken) => AskAsync(new RpcCall("getblockchaininfo") { Timeout = Quick }, static (ref reader) =>
    {
        var info = RpcJson.ReadObject(ref reader);
        return new ChainInfo(info.Text("chain"), info.Number("blocks"), new BlockHash(info.Hash("bestblockhash")), info.OptionalFlag("initialblockdownload") ?? false);
    }, cancellationToken);

    /// <summary>What the node calls itself, for instance <c>/Satoshi:27.0.0/</c>.</summary>
    public Task<string> ReadSubversionAsync(CancellationToken cancellationToken) => AskAsync(new RpcCall("getnetworkinfo") { Timeout = Quick }, static (ref reader) =>
        RpcJson.ReadObject(ref reader).OptionalText("subversion") ?? "", cancellationToken);

    /// <summary>Hash of the best block.</summary>
    public Task<BlockHash> ReadBestHashAsync(CancellationToken cancellationToken) =>
        AskAsync(new RpcCall("getbestblockhash") { Timeout = Quick }, static (ref reader) => new BlockHash(RpcReading.ReadHash(ref reader)), cancellationToken);

    /// <summary>Hash at a height of the best chain, or null above its tip.</summary>
    public async Task<BlockHash?> ReadHashAsync(long height, CancellationToken cancellationToken)
    {
        var result = await TryAsync(new RpcCall("getblockhash", height) { Timeout = Quick }, static (ref reader) => new BlockHash(RpcReading.ReadHash(ref reader)), cancellationToken);
        return result.Error is null ? result.Value : result.Error.Code is OutOfRange or NotFound or Miscellaneous ? null : throw Outage(result.Error);
    }

    /// <summary>Whether <c>getchaintips</c> lists the block as the tip of a branch that the node judged invalid; false where the node cannot tell.</summary>
    public async Task<bool> IsInvalidAsync(BlockHash hash, CancellationToken cancellationToken)
    {
        var result = await TryAsync(new RpcCall("getchaintips") { Timeout = Quick }, (ref reader) =>
        {
            var tips = JsonElement.ParseValue(ref reader);
            if (tips.ValueKind != JsonValueKind.Array) return false;
            foreach (var tip in tips.EnumerateArray())
            {
                if (tip.OptionalText("status") == "invalid" && tip.Hash("hash") == hash.Value) return true;
            }

            return false;
        }, cancellationToken);
        return result.Error is null && result.Value;
    }

    /// <summary>A header, or null when the node does not know the hash.</summary>
    public async Task<BlockHeader?> ReadHeaderAsync(BlockHash hash, CancellationToken cancellationToken)
    {
        var result = await TryAsync(new RpcCall("getblockheader", hash.ToString(), true) { Timeout = Quick }, static (ref reader) =>
        {
            var header = RpcJson.ReadObject(ref reader);
            var previous = header.OptionalText("previousblockhash") is null ? default : header.Hash("previousblockhash");
            return (Header: new BlockHeader(
                new BlockRef(header.Number("height"), new BlockHash(header.Hash("hash"))), new BlockHash(previous),
                DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(header.Number("time"), 0, uint.MaxValue)), RpcReading.ParseWork(header.Text("chainwork")),
                InBestChain: header.Number("confirmations") >= 0), Next: header.OptionalText("nextblockhash"));
        }, cancellationToken);
        if (result.Error is { } error) return IsMissing(error) ? null : throw Outage(error);
        var found = result.Value.Header;
        if (found.Block.Hash != hash) throw Outage($"getblockheader answered {found.Block.Hash} where {hash} was asked");
        // bcoin counts confirmations from the height alone, so also for stale blocks: the best chain's own list decides.
        return found.InBestChain && await ReadHashAsync(found.Block.Height, cancellationToken) != hash ? found with { InBestChain = false } : found;
    }

    /// <summary>A block's bytes, or null when the node does not have them (unknown or pruned). Not checked against the hash.</summary>
    public async Task<byte[]?> ReadBlockAsync(BlockHash hash, CancellationToken cancellationToken)
    {
        var result = await TryAsync(RawBlock(hash), static (ref reader) => RpcReading.ReadHex(ref reader), cancellationToken);
        if (result.Error is { Code: WrongType or Miscellaneous } refused && !IsMissing(refused) && !numbersOnly)
        {
            numbersOnly = true;
            result = await TryAsync(RawBlock(hash), static (ref reader) => RpcReading.ReadHex(ref reader), cancellationToken);
        }

        return result.Error is null ? result.Value : IsMissing(result.Error) ? null : throw Outage(result.Error);
    }

    /// <summary>The ids in a block, or null when the node does not have it.</summary>
    public async Task<BlockContents?> ReadBlockContentsAsync(BlockHash hash, CancellationToken cancellationToken)
    {
        var result = await TryAsync(new RpcCall("getblock", hash.ToString(), true) { MaxReplyBytes = RpcCall.LargeReply }, ReadContents, cancellationToken);
        return result.Error is null ? result.Value : IsMissing(result.Error) ? null : throw Outage(result.Error);
    }

    /// <summary>What the node says of its mempool.</summary>
    public Task<MempoolInfo> ReadMempoolInfoAsync(CancellationToken cancellationToken) => AskAsync(new RpcCall("getmempoolinfo") { Timeout = Quick }, ReadMempoolInfo, cancellationToken);

    /// <summary>The ids in the mempool, with their sequence number from Core 0.21 on.</summary>
    public async Task<MempoolIds> ReadMempoolAsync(CancellationToken cancellationToken)
    {
        if (!sequenceUnknown)
        {
            var numbered = await TryAsync(new RpcCall("getrawmempool", false, true) { Timeout = Quick, MaxReplyBytes = RpcCall.LargeReply }, ReadMempoolIds, cancellationToken);
            if (numbered.Error is null) return numbered.Value!;
            sequenceUnknown = true;
        }

        return await AskAsync(new RpcCall("getrawmempool", false) { Timeout = Quick, MaxReplyBytes = RpcCall.LargeReply }, ReadMempoolIds, cancellationToken);
    }

    /// <summary>The fee of a mempool transaction, or null when it is not there.</summary>
    public async Task<Amount?> ReadMempoolFeeAsync(TxHash id, CancellationToken cancellationToken)
    {
        var result = await TryAsync(new RpcCall("getmempoolentry", id.ToString()) { Timeout = Quick }, (ref reader) => ReadFee(ref reader, decimals), cancellationToken);
        return result.Error is null ? result.Value : IsMissing(result.Error) ? null : throw Outage(result.Error);
    }

    /// <summary>
    /// The bytes of transactions that the node can look up: those in its mempool, and with a transaction index any. Null for others; same order.
    /// </summary>
    public async Task<IReadOnlyList<byte[]?>> ReadTransactionsAsync(IReadOnlyList<TxHash> ids, CancellationToken cancellationToken)
    {
        var calls = ids.Select(static id => new RpcCall("getrawtransaction", id.ToString()) { Timeout = Quick, MaxReplyBytes = RpcCall.LargeReply }).ToArray();
        var results = await rpc.BatchAsync(calls, static (ref reader) => RpcReading.ReadHex(ref reader), cancellationToken);
        return [.. results.Select(result => result.Error is null ? result.Value : IsMissing(result.Error) ? null : throw Outage(result.Error))];
    }

    /// <summary>Whether each transaction is in the mempool now.</summary>
    public async Task<IReadOnlyList<bool>> ReadPresenceAsync(IReadOnlyList<TxHash> ids, CancellationToken cancellationToken)
    {
        var calls = ids.Select(static id => new RpcCall("getmempoolentry", id.ToString()) { Timeout = Quick, MaxReplyBytes = RpcCall.LargeReply }).ToArray();
        var results = await rpc.BatchAsync(calls, static (ref reader) => RpcJson.ReadObject(ref reader).ValueKind == JsonValueKind.Object, cancellationToken);
        return [.. results.Select(result => result.Error is null || (IsMissing(result.Error) ? false : throw Outage(result.Error)))];
    }

    /// <summary>Whether the node may find confirmed transactions by id (it keeps an index, or does not say).</summary>
    public async Task<bool> MayFindConfirmedAsync(CancellationToken cancellationToken)
    {
        if (hasIndex is { } known) return known;
        var result = await TryAsync(new RpcCall("getindexinfo", "txindex") { Timeout = Quick }, static (ref reader) => RpcJson.ReadObject(ref reader).TryGetProperty("txindex", out _), cancellationToken);
        var answer = result.Error is not null || result.Value;
        hasIndex = answer;
        return answer;
    }

    /// <summary>Outputs that no block has spent, null for others; same order. A node that cannot tell (pruned bcoin) knows none.</summary>
    public async Task<IReadOnlyList<TxOutput?>> ReadUnspentAsync(IReadOnlyList<OutPoint> outPoints, CancellationToken cancellationToken)
    {
        var calls = outPoints.Select(static point => new RpcCall("gettxout", point.Transaction.ToString(), (long)point.Index, false) { Timeout = Quick }).ToArray();
        var results = await rpc.BatchAsync(calls, (ref reader) => PrevoutReader.ReadUnspent(ref reader, decimals), cancellationToken);
        return [.. results.Select((result, i) => result.Error is null && result.Value is { } found ? found with { Index = outPoints[i].Index } : (TxOutput?)null)];
    }

    /// <summary>Every output that a block spends, from the node's undo data; null when the node does not offer it (Core before 23, relatives) or lacks the block.</summary>
    public async Task<IReadOnlyDictionary<OutPoint, TxOutput>?> ReadBlockPrevoutsAsync(BlockHash hash, CancellationToken cancellationToken)
    {
        if (prevoutsUnknown) return null;
        var result = await TryAsync(
            new RpcCall("getblock", hash.ToString(), 3) { MaxReplyBytes = RpcCall.LargeReply },
            (ref reader) => PrevoutReader.ReadBlock(ref reader, decimals), cancellationToken);
        if (result.Error is null && result.Value!.Offered) return result.Value.Outputs;
        // A block of nothing but its coinbase shows nothing either way.
        if (result.Error is { } error ? !IsMissing(error) : result.Value!.Spends) prevoutsUnknown = true;
        return null;
    }

    /// <summary>Seconds since the node started, or null when it does not say.</summary>
    public async Task<long?> ReadUptimeAsync(CancellationToken cancellationToken)
    {
        var result = await TryAsync(new RpcCall("uptime") { Timeout = Quick }, static (ref reader) => RpcReading.ReadCount(ref reader), cancellationToken);
        return result.Error is null ? result.Value : null;
    }

    /// <summary>What the node publishes by ZeroMQ; null when it does not say (no such method), so may or may not publish.</summary>
    public async Task<IReadOnlyList<ZmqPublication>?> ReadZmqPublicationsAsync(CancellationToken cancellationToken)
    {
        var result = await TryAsync(new RpcCall("getzmqnotifications") { Timeout = Quick }, static (ref reader) =>
        {
            var list = JsonElement.ParseValue(ref reader);
            return list.ValueKind != JsonValueKind.Array
                ? throw new JsonException("expected a list of publications")
                : list.EnumerateArray().Select(static entry => new ZmqPublication(WithoutPub(entry.Text("type")), entry.Text("address"))).ToArray();
        }, cancellationToken);
        return result.Error is null ? result.Value : null;
    }

    RpcCall RawBlock(BlockHash hash) => new("getblock", hash.ToString(), numbersOnly ? 0 : false) { MaxReplyBytes = RpcCall.LargeReply };

    async Task<T> AskAsync<T>(RpcCall call, RpcParser<T> parser, CancellationToken cancellationToken)
    {
        var result = await TryAsync(call, parser, cancellationToken);
        return result.Error is null ? result.Value! : throw Outage(result.Error);
    }

    async Task<RpcResult<T>> TryAsync<T>(RpcCall call, RpcParser<T> parser, CancellationToken cancellationToken)
    {
        try
        {
            return new(await rpc.CallAsync(call, parser, cancellationToken), null);
        }
        catch (RpcErrorException refusal)
        {
            return new(default, refusal);
        }
    }

    EndpointException Outage(RpcErrorException refusal) => Outage($"{refusal.Method} was refused with error {refusal.Code}: {refusal.Reason}", refusal);

    EndpointException Outage(string problem, Exception? inner = null) => new(rpc.Endpoint.Name, rpc.Endpoint.Setting, problem, inner);

    // Core says -5 for what it never had and -1 for what it pruned; bcoin says -1 for both.
    static bool IsMissing(RpcErrorException error) => error.Code == NotFound || (error.Code == Miscellaneous
        && (error.Reason.Contains("not found", StringComparison.OrdinalIgnoreCase) || error.Reason.Contains("not available", StringComparison.OrdinalIgnoreCase)
            || error.Reason.Contains("not in mempool", StringComparison.OrdinalIgnoreCase) || error.Reason.Contains("read block", StringComparison.OrdinalIgnoreCase)));

    static string WithoutPub(string type) => type.StartsWith("pub", StringComparison.Ordinal) ? type[3..] : type;

    static MempoolInfo ReadMempoolInfo(ref Utf8JsonReader reader)
    {
        var info = RpcJson.ReadObject(ref reader);
        return new MempoolInfo(info.Number("size"), info.Number("bytes"), info.OptionalFlag("loaded") ?? true);
    }

    static MempoolIds ReadMempoolIds(ref Utf8JsonReader reader)
    {
        if (!reader.Read()) throw new JsonException("expected a mempool");
        if (reader.TokenType == JsonTokenType.StartArray) return new MempoolIds(AsIds(RpcReading.CurrentHashes(ref reader)), null);
        if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException("expected a mempool");
        List<Hash256>? ids = null;
        ulong? sequence = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isIds = reader.ValueTextEquals("txids"u8);
            var isSequence = reader.ValueTextEquals("mempool_sequence"u8);
            if (isIds) ids = RpcReading.ReadHashes(ref reader);
            else if (isSequence) sequence = (ulong)RpcReading.ReadCount(ref reader);
            else reader.Skip();
        }

        return new MempoolIds(AsIds(ids ?? throw new JsonException("expected 'txids'")), sequence);
    }

    static TxHash[] AsIds(List<Hash256> hashes) => [.. hashes.Select(static hash => new TxHash(hash))];

    static BlockContents ReadContents(ref Utf8JsonReader reader)
    {
        RpcReading.Expect(ref reader, JsonTokenType.StartObject, "a block");
        Hash256 previous = default;
        List<Hash256>? ids = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isPrevious = reader.ValueTextEquals("previousblockhash"u8);
            var isIds = reader.ValueTextEquals("tx"u8);
            reader.Read();
            if (isPrevious && reader.TokenType == JsonTokenType.String) previous = RpcReading.CurrentHash(ref reader);
            else if (isIds) ids = RpcReading.CurrentHashes(ref reader);
            else reader.Skip();
        }

        return new BlockContents(new BlockHash(previous), ids ?? throw new JsonException("expected 'tx'"));
    }

    // Newer nodes have fees.base, older ones and bcoin fee.
    static Amount ReadFee(ref Utf8JsonReader reader, int decimals)
    {
        var entry = RpcJson.ReadObject(ref reader);
        if (!(entry.TryGetProperty("fees", out var fees) && fees.ValueKind == JsonValueKind.Object && fees.TryGetProperty("base", out var fee)) && !entry.TryGetProperty("fee", out fee))
            throw new JsonException("expected a fee");
        return fee.ValueKind == JsonValueKind.Number
            ? RpcReading.ParseAmount(System.Text.Encoding.ASCII.GetBytes(fee.GetRawText()), decimals)
            : throw new JsonException("expected a fee as a number");
    }
}
