using System.Text.Json;
using Belfry.TestKit.Nodes;

namespace Belfry.Server.Tests.EndToEnd;

/// <summary>A transaction of the node's best chain.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Block">Hash of its block.</param>
/// <param name="Height">Height of its block.</param>
/// <param name="IsCoinbase">Whether it is a block reward.</param>
/// <param name="Received">What each address receives.</param>
/// <param name="Sent">What each address spends.</param>
sealed record Booked(string Id, string Block, long Height, bool IsCoinbase, IReadOnlyDictionary<string, decimal> Received, IReadOnlyDictionary<string, decimal> Sent)
{
    public decimal Net(string address) => Received.GetValueOrDefault(address) - Sent.GetValueOrDefault(address);

    public bool Touches(string address) => Received.ContainsKey(address) || Sent.ContainsKey(address);
}

/// <summary>What the node itself says happened: its best chain read block by block through its own JSON, with no code of Belfry's.</summary>
sealed class NodeBooks
{
    readonly Dictionary<(string, int), (string Address, decimal Value)> outputs = [];
    readonly List<Booked> all = [];

    public IReadOnlyList<string> Hashes { get; private set; } = [];

    public static async Task<NodeBooks> ReadAsync(RegtestNode node)
    {
        var books = new NodeBooks();
        var hashes = new List<string>();
        var tip = await node.GetHeightAsync();
        for (var height = 0; height <= tip; height++)
        {
            var hash = await node.GetHashAsync(height);
            hashes.Add(hash);
            // the genesis coinbase can never be spent; nodes leave it out of their books
            if (height == 0) continue;
            var block = node is LitecoindNode ? await node.CallAsync("getblock", hash, 2) : await node.CallAsync("getblock", hash, true, true);
            foreach (var transaction in block.GetProperty("tx").EnumerateArray()) books.Book(transaction, hash, height);
        }

        books.Hashes = hashes;
        return books;
    }

    /// <summary>All transactions that touch an address, in the order of the chain.</summary>
    public IReadOnlyList<Booked> Of(string address) => [.. all.Where(booked => booked.Touches(address))];

    public decimal BalanceOf(string address) => all.Sum(booked => booked.Net(address));

    void Book(JsonElement transaction, string block, long height)
    {
        var id = transaction.GetProperty("txid").GetString()!;
        var received = new Dictionary<string, decimal>();
        var sent = new Dictionary<string, decimal>();
        var isCoinbase = false;
        foreach (var input in transaction.GetProperty("vin").EnumerateArray())
        {
            isCoinbase |= input.TryGetProperty("coinbase", out _);
            // inputs inside MWEB have no outpoint
            if (!input.TryGetProperty("txid", out var spent) || !outputs.TryGetValue((spent.GetString()!, input.GetProperty("vout").GetInt32()), out var output)) continue;
            sent[output.Address] = sent.GetValueOrDefault(output.Address) + output.Value;
        }

        foreach (var output in transaction.GetProperty("vout").EnumerateArray())
        {
            if (!output.TryGetProperty("scriptPubKey", out var script) || !script.TryGetProperty("addresses", out var addresses) || addresses.GetArrayLength() != 1) continue;
            var (address, value) = (addresses[0].GetString()!, output.GetProperty("value").GetDecimal());
            outputs[(id, output.GetProperty("n").GetInt32())] = (address, value);
            received[address] = received.GetValueOrDefault(address) + value;
        }

        all.Add(new Booked(id, block, height, isCoinbase, received, sent));
    }
}
