using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Core.Tracking;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.Nodes.Simnet;
using Belfry.Server.Wire;

namespace Belfry.Server.Simulation;

/// <summary>What can be made to happen on one simulated chain. Each deed keeps the chain's own random traffic away for a while.</summary>
sealed class Deeds(LiveSimnet simnet, FollowedChain followed)
{
    const int MostBlocks = 100;

    /// <summary>Long enough for whoever acts step by step; a forgotten chain comes back to life by itself.</summary>
    static readonly TimeSpan Quiet = TimeSpan.FromSeconds(15);

    readonly SimulatedChain chain = simnet.Chain;

    /// <summary>All deeds.</summary>
    public static IReadOnlyList<string> Names { get; } = ["address", "pay", "replace", "double_spend", "drop", "mine", "reorg", "release"];

    /// <summary>Does it, or says why not.</summary>
    public Reading<DeedBody> Do(string name, JsonElement body)
    {
        simnet.Driver.Hold(name == "release" ? TimeSpan.Zero : Quiet);
        return name switch
        {
            "address" => Done(name, address: NewAddress()),
            "pay" => Pay(name, body),
            "replace" => Replace(name, body),
            "double_spend" => OfTransaction(body, id => chain.DoubleSpend(id) is { } rival ? Done(name, rival) : Refuse("tx_hash", "the transaction does not wait", "one that is in the mempool")),
            "drop" => OfTransaction(body, id => chain.Evict(id) ? Done(name) : Refuse("tx_hash", "the transaction does not wait", "one that is in the mempool")),
            "mine" => Mine(name, body),
            "reorg" => Reorg(name, body),
            _ => Done(name),
        };
    }

    static Reading<DeedBody> Refuse(string where, string problem, string? expected) => new(null, new FaultBody(where, problem, expected, null));

    static bool TryCount(JsonElement body, string name, int fallback, out int count)
    {
        count = fallback;
        return !body.TryGetProperty(name, out var field) || field.ValueKind == JsonValueKind.Null
            || (field.ValueKind == JsonValueKind.Number && field.TryGetInt32(out count) && count is >= 1 and <= MostBlocks);
    }

    static bool TryFlag(JsonElement body, string name, out bool flag)
    {
        flag = false;
        if (!body.TryGetProperty(name, out var field) || field.ValueKind is JsonValueKind.Null or JsonValueKind.False) return true;
        return flag = field.ValueKind == JsonValueKind.True;
    }

    Reading<DeedBody> Done(string name, SimTransaction? made = null, string? address = null, string? amount = null, IReadOnlyList<SimBlock>? blocks = null)
    {
        var tip = chain.Tip;
        return new(new DeedBody(followed.Profile.Id.Value, name, made?.Id.ToString(), address, amount, blocks?.Select(block => block.Hash.ToString()).ToList(), tip.Height, tip.Hash.ToString()), null);
    }

    string NewAddress()
    {
        var script = chain.Atomically(() => chain.Stranger.Add(chain.Settings.Segwit ? SimAddressKind.WitnessKeyHash : SimAddressKind.PublicKeyHash));
        return new BitcoinAddressCodec(simnet.Network).WriteCanonical(script.Span);
    }

    Reading<DeedBody> Pay(string name, JsonElement body)
    {
        if (!Bodies.TryString(body, "to", out var to) || to is null) return Refuse("to", "missing or not text", "an address of the chain");
        var reading = followed.Codec.Read(to);
        if (!reading.IsValid) return Refuse("to", reading.Error!, $"an address of {followed.Profile.Id} {followed.Profile.Network}");
        if (!Bodies.TryString(body, "amount", out var text) || text is null || !Amount.TryParse(text, followed.Profile.Decimals, out var amount) || amount.Units <= 546 || amount.Units > long.MaxValue)
            return Refuse("amount", "missing, or not an amount above dust", $"decimal text in {followed.Profile.Currency}, for instance \"0.05\"");
        SimOutput[] outputs = [new SimOutput(reading.Script!, (long)amount.Units)];
        // somebody else pays: what the payee sends himself is no payment
        var made = chain.Atomically(() => chain.Wallets.Where(wallet => wallet != chain.Stranger && !wallet.Owns(reading.Script!)).Select(wallet => chain.TryPay(wallet, outputs)).FirstOrDefault(paid => paid is not null));
        return made is not null ? Done(name, made, reading.Canonical, amount.ToDecimal(followed.Profile.Decimals)) : Refuse("amount", "nobody on the simulated chain has as much", "less");
    }

    Reading<DeedBody> Replace(string name, JsonElement body)
    {
        if (!TryFlag(body, "pays_you", out var paysYou)) return Refuse("pays_you", "not true or false", "true: the same payee gets the same; false: a stranger gets it");
        if (!chain.Settings.Replaceable) return Refuse("deed", $"{followed.Profile.Currency} keeps the first transaction seen and has no replacement by fee", "double_spend");
        return OfTransaction(body, id => chain.Replace(id, paysYou) is { } rival ? Done(name, rival) : Refuse("tx_hash", "the transaction does not wait, or cannot pay a higher fee", "one that is in the mempool"));
    }

    Reading<DeedBody> Mine(string name, JsonElement body)
    {
        if (!TryCount(body, "blocks", 1, out var count)) return Refuse("blocks", "out of range", $"1 to {MostBlocks}");
        return TryFlag(body, "empty", out var empty) ? Done(name, blocks: chain.Mine(count, empty: empty)) : Refuse("empty", "not true or false", "true: what waits is left out");
    }

    Reading<DeedBody> Reorg(string name, JsonElement body)
    {
        if (!TryCount(body, "depth", 1, out var depth) || depth > chain.Tip.Height - 1) return Refuse("depth", "out of range", $"1 to {MostBlocks}, and less than the chain has");
        if (!TryFlag(body, "keep", out var keep)) return Refuse("keep", "not true or false", "true: the new branch holds the same transactions");
        if (!body.TryGetProperty("tx_hash", out _)) return Done(name, blocks: chain.Reorg(depth, depth + 1, keep ? SimBranchContent.Keep : SimBranchContent.Return));
        return OfTransaction(body, id =>
        {
            if (chain.Fate(id) is not { State: SimState.Confirmed, Block: { } block } fate || block.Height <= chain.Tip.Height - depth) return Refuse("tx_hash", "the transaction is in none of the blocks to be taken back", "a greater depth");
            if (chain.Rival(fate.Transaction, paysYou: false, fate.Transaction.Fee) is not { } rival) return Refuse("tx_hash", "the transaction is too small to be double-spent", null);
            return chain.Atomically(() => rival.Spent.All(coin => (chain.Fate(coin.OutPoint.Transaction)?.Block?.Height ?? 0) <= chain.Tip.Height - depth))
                ? Done(name, rival, blocks: chain.Reorg(depth, depth + 1, SimBranchContent.Return, [rival]))
                : Refuse("depth", "the coins that the transaction spends were made in the blocks to be taken back", "a smaller depth");
        });
    }

    Reading<DeedBody> OfTransaction(JsonElement body, Func<TxHash, Reading<DeedBody>> deed) =>
        Bodies.TryString(body, "tx_hash", out var text) && Hash256.TryParse(text, out var hash) ? deed(new TxHash(hash)) : Refuse("tx_hash", "missing or not a transaction id", "64 hexadecimal digits");
}
