using System.Globalization;
using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Nodes.Simnet;
using Shouldly;

namespace Belfry.Core.Tests.Tracking;

/// <summary>
/// Reads a journal as a client would, from the JSON alone, and compares what a client then believes with the simulated chain's truth. Shares no code with the
/// pipeline.
/// </summary>
sealed class JournalOracle
{
    readonly Dictionary<(string Transaction, string Address), string> states = [];
    readonly Dictionary<(string Transaction, string Address), string?> blocks = [];
    readonly Dictionary<string, string> balances = [];
    readonly Dictionary<string, Dictionary<string, (string State, decimal Received, decimal Sent)>> parts = [];
    readonly Dictionary<(string Transaction, string Address), int> attempts = [];
    readonly List<string> chain = [];
    readonly HashSet<string> ids = [];
    string? degraded;

    public int Events { get; private set; }

    public void Read(IEnumerable<JournalEntry> entries)
    {
        long last = 0;
        foreach (var entry in entries)
        {
            entry.Sequence.ShouldBe(last + 1, "the journal has no holes");
            last = entry.Sequence;
            ids.Add(entry.Event.Id).ShouldBeTrue($"event {entry.Event.Id} is told twice");
            using var data = JsonDocument.Parse(entry.Event.Data);
            Apply(entry.Event.Kind, data.RootElement, entry.Sequence);
            Events++;
        }
    }

    /// <summary>What a client believes of an address against the truth.</summary>
    public void Compare(SimulatedChain truth, Script script, string address)
    {
        foreach (var fate in truth.History(script))
        {
            var id = fate.Transaction.Id.ToString();
            var told = states.GetValueOrDefault((id, address));
            switch (fate.State)
            {
                case SimState.Waiting:
                    told.ShouldBe("seen", Describe(truth, fate, script, address));
                    break;
                case SimState.Confirmed:
                    told.ShouldBeOneOf(["confirmed", "final"], Describe(truth, fate, script, address));
                    blocks[(id, address)].ShouldBe(fate.Block!.Value.Hash.ToString());
                    break;
                default:
                    // Never having been heard of is right for what came and went unseen.
                    told.ShouldBeOneOf([null, "replaced", "conflicted", "dropped", "invalidated", "reorged"], $"{id} is {fate.State}");
                    told.ShouldNotBe("reorged", $"{id} is {fate.State} and nobody said what became of it");
                    break;
            }
        }

        var balance = truth.BalanceOf(script);
        var expected = $"{balance.Confirmed.ToDecimal(8)} {balance.Unconfirmed.ToDecimal(8)} {balance.Immature.ToDecimal(8)} {balance.Received.ToDecimal(8)} {balance.Sent.ToDecimal(8)} {balance.Transactions}";
        balances.GetValueOrDefault(address, "0 0 0 0 0 0").ShouldBe(expected, $"balance of {address}");
    }

    /// <summary>The blocks that a client has heard of and that were not taken back, against the best chain.</summary>
    public void CompareBlocks(SimulatedChain truth)
    {
        var best = truth.BestChain.Select(static block => block.Hash.ToString()).ToArray();
        chain.ShouldBe(best[^chain.Count..]);
        degraded.ShouldBeNull("a gap was told and never closed");
    }

    string Describe(SimulatedChain truth, SimFate fate, Script script, string address) =>
        $"{fate.Transaction.Id} is {fate.State} {fate.Block}; it spends {string.Join(", ", fate.Transaction.Spent.Select(coin => Coin(truth, coin, address)))} "
        + $"and pays {string.Join(", ", fate.Transaction.Outputs)}; the address is {address}, its script {script}";

    string Coin(SimulatedChain truth, SimCoin coin, string address) =>
        $"{coin} of a transaction that is {truth.Fate(coin.OutPoint.Transaction)?.State} and was told as {states.GetValueOrDefault((coin.OutPoint.Transaction.ToString(), address), "nothing")}";

    void Apply(EventKind kind, JsonElement data, long sequence)
    {
        switch (kind)
        {
            case EventKind.NewBlock:
                if (chain.Count > 0) data.GetProperty("previous_block_hash").GetString().ShouldBe(chain[^1], $"block of event {sequence} joins the one before");
                chain.Add(data.GetProperty("block_hash").GetString()!);
                break;
            case EventKind.BlockDisconnected:
                if (chain.Count == 0) break;
                data.GetProperty("block_hash").GetString().ShouldBe(chain[^1], "only the top block leaves");
                chain.RemoveAt(chain.Count - 1);
                break;
            case EventKind.FeedDegraded:
                // a node that went away may come back behind, which is told although the gap is open
                if (degraded is not null) (degraded, data.GetProperty("reason").GetString()).ShouldNotBe(("node_behind", "node_behind"), "one gap is told once");
                if (degraded is not null) data.GetProperty("reason").GetString().ShouldBe("node_behind", "one gap is told once");
                degraded = data.GetProperty("reason").GetString();
                break;
            case EventKind.FeedRecovered:
                degraded.ShouldNotBeNull("only a gap that was told can be closed");
                degraded = null;
                break;
            case EventKind.AddressUpdate:
                Follow(data, sequence, changes: false);
                var balance = data.GetProperty("balance");
                CompareSum(data.GetProperty("address").GetString()!, balance, sequence);
                balances[data.GetProperty("address").GetString()!] = string.Join(' ', new[] { "confirmed", "unconfirmed", "immature", "received", "sent" }
                    .Select(name => balance.GetProperty(name).GetString()).Append(balance.GetProperty("transactions").GetRawText()));
                break;
            default:
                Follow(data, sequence, changes: true);
                break;
        }
    }

    // What the client can add up by itself from all that it was told of the address, against the balance that it is told.
    void CompareSum(string address, JsonElement balance, long sequence)
    {
        var (settled, waiting, received, sent, count) = (0m, 0m, 0m, 0m, 0);
        foreach (var part in parts[address].Values)
        {
            if (part.State is not ("seen" or "confirmed" or "final")) continue;
            if (part.State == "seen") waiting += part.Received - part.Sent;
            else settled += part.Received - part.Sent;
            (received, sent, count) = (received + part.Received, sent + part.Sent, count + 1);
        }

        (Read(balance, "confirmed") + Read(balance, "immature")).ShouldBe(settled, $"event {sequence}: what is in blocks");
        Read(balance, "unconfirmed").ShouldBe(waiting, $"event {sequence}: what waits");
        (Read(balance, "received"), Read(balance, "sent"), balance.GetProperty("transactions").GetInt32()).ShouldBe((received, sent, count), $"event {sequence}");
    }

    static decimal Read(JsonElement data, string name) => decimal.Parse(data.GetProperty(name).GetString()!, CultureInfo.InvariantCulture);

    void Follow(JsonElement data, long sequence, bool changes)
    {
        var key = (data.GetProperty("tx_hash").GetString()!, data.GetProperty("address").GetString()!);
        var state = data.GetProperty("state").GetString()!;
        var previous = data.GetProperty("previous_state").GetString();
        var attempt = data.GetProperty("attempt").GetInt32();
        if (!parts.TryGetValue(key.Item2, out var ofAddress)) parts[key.Item2] = ofAddress = [];
        ofAddress[key.Item1] = (state, Read(data, "received"), Read(data, "sent"));
        attempt.ShouldBeGreaterThanOrEqualTo(attempts.GetValueOrDefault(key, 1), "attempts only grow");
        if (changes)
        {
            var believed = states.GetValueOrDefault(key);
            // Events of one transition share their previous state; the first of them must start where the client stands.
            if (believed != state) (previous ?? "nothing").ShouldBe(believed ?? "nothing", $"event {sequence}: {key} goes from {previous} to {state}");
            states[key] = state;
            blocks[key] = data.GetProperty("block_hash").GetString();
            attempts[key] = attempt;
        }
        else
        {
            states.GetValueOrDefault(key).ShouldBe(state, $"event {sequence}: the balance of {key} changes with its state");
        }
    }
}
