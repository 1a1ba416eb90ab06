using System.Globalization;
using Belfry.Core.Chains;
using Belfry.Nodes.Simnet;
using Belfry.Server.Tests.EndToEnd;
using Belfry.TestKit;
using Shouldly;

namespace Belfry.Server.Tests.Faults;

/// <summary>
/// What a client believes who has read a journal from its beginning, and what must hold on the way: no hole, nothing twice, only the top block leaves, every transition
/// starts where the one before ended. Knows nothing but the JSON that clients get; invariants I1, I2, I5–I8 and I11.
/// </summary>
sealed class Belief(string chain)
{
    readonly Dictionary<(string Transaction, string Address), string> states = [];
    readonly Dictionary<(string Transaction, string Address), string?> blocks = [];
    readonly Dictionary<string, string> balances = [];
    readonly List<string> best = [];
    readonly HashSet<string> ids = [];
    readonly HashSet<string> transactions = [];
    long last;

    /// <summary>Why the feed is said to be degraded, or null.</summary>
    public string? Gap { get; private set; }

    /// <summary>Events read.</summary>
    public long Last => last;

    /// <summary>The best chain since the first block that was told.</summary>
    public IReadOnlyList<string> Best => best;

    /// <summary>Reads on.</summary>
    public void Read(IEnumerable<Told> journal)
    {
        foreach (var told in journal)
        {
            told.Sequence.ShouldBe(last + 1, "the journal has no holes");
            last = told.Sequence;
            ids.Add(told.Id).ShouldBeTrue($"told twice: {told}");
            if (told.Chain == chain) Take(told);
        }
    }

    /// <summary>Compares with the truth of a simulated chain.</summary>
    public void Compare(FaultChain truth)
    {
        var all = truth.Chain.BestChain.Select(static block => block.Hash.ToString()).ToList();
        best.ShouldBe(all.Skip(all.Count - best.Count), "the blocks told are the best chain");
        Gap.ShouldBeNull("a gap was told and not closed");
        foreach (var id in transactions) truth.Existed(id).ShouldBeTrue($"{id} never existed");
        foreach (var script in truth.Watched) Compare(truth, script);
    }

    void Compare(FaultChain truth, Script script)
    {
        var address = truth.AddressOf(script);
        foreach (var fate in truth.Chain.History(script))
        {
            var id = fate.Transaction.Id.ToString();
            var told = states.GetValueOrDefault((id, address));
            switch (fate.State)
            {
                case SimState.Waiting:
                    told.ShouldBe("seen", $"{id} waits");
                    break;
                case SimState.Confirmed:
                    told.ShouldBeOneOf(["confirmed", "final"], $"{id} is in block {fate.Block}");
                    blocks[(id, address)].ShouldBe(fate.Block!.Value.Hash.ToString());
                    break;
                default:
                    // what came and went unseen was never told, and that is right
                    told.ShouldBeOneOf([null, "replaced", "conflicted", "dropped", "invalidated"], $"{id} is {fate.State}");
                    break;
            }
        }

        var balance = truth.Chain.BalanceOf(script);
        balances.GetValueOrDefault(address, "0 0 0 0 0 0").ShouldBe(
            $"{balance.Confirmed.ToDecimal(8)} {balance.Unconfirmed.ToDecimal(8)} {balance.Immature.ToDecimal(8)} {balance.Received.ToDecimal(8)} {balance.Sent.ToDecimal(8)} {balance.Transactions}",
            $"the balance of {address}");
    }

    void Take(Told told)
    {
        switch (told.Kind)
        {
            case "new_block":
                if (best.Count > 0) told.Text("previous_block_hash").ShouldBe(best[^1], $"the block joins the one before: {told}");
                best.Add(told.Block!);
                break;
            case "block_disconnected":
                if (best.Count == 0) break;
                told.Block.ShouldBe(best[^1], $"only the top block leaves: {told}");
                best.RemoveAt(best.Count - 1);
                break;
            case "feed_degraded":
                if (Gap is not null) told.Text("reason").ShouldBe("node_behind", $"one gap is told once: {told}");
                Gap = told.Text("reason");
                break;
            case "feed_recovered":
                Gap.ShouldNotBeNull($"only a gap that was told can be closed: {told}");
                Gap = null;
                break;
            default:
                Follow(told);
                break;
        }
    }

    void Follow(Told told)
    {
        var key = (told.Transaction!, told.Address!);
        transactions.Add(told.Transaction!);
        var believed = states.GetValueOrDefault(key);
        if (told.Kind == "address_update")
        {
            believed.ShouldBe(told.State, $"the balance changes with the state: {told}");
            var balance = told.Data.GetProperty("balance");
            balances[told.Address!] = string.Join(' ', new[] { "confirmed", "unconfirmed", "immature", "received", "sent" }.Select(name => balance.GetProperty(name).GetString())
                .Append(balance.GetProperty("transactions").GetInt64().ToString(CultureInfo.InvariantCulture)));
            return;
        }

        // events of one transition share their previous state; the first of them starts where the client stands
        if (believed != told.State) (told.Text("previous_state") ?? "nothing").ShouldBe(believed ?? "nothing", told.ToString());
        states[key] = told.State!;
        blocks[key] = told.Block;
    }

    /// <summary>Waits until a server's journal tells the truth about a simulated chain; what makes a journal wrong for ever makes this fail.</summary>
    /// <returns>How long that took, and the journal.</returns>
    public static async Task<(TimeSpan Took, IReadOnlyList<Told> Journal)> SettlesAsync(BelfryProcess server, FaultChain truth, TimeSpan? within = null)
    {
        var started = System.Diagnostics.Stopwatch.StartNew();
        var journal = new List<Told>();
        var read = new Belief(truth.Id);
        try
        {
            await Eventually.HoldsAsync(async () =>
            {
                var more = await server.JournalAsync(journal.Count);
                journal.AddRange(more);
                read.Read(more);
                // asked gently: everybody shares the machine
                if (more.Count > 0) await Task.Delay(50);
                read.Compare(truth);
                return true;
            }, within ?? TimeSpan.FromSeconds(45));
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.InnerException?.Message}\n{string.Join('\n', journal.TakeLast(60))}\nServer:\n{server.Output}", late);
        }

        foreach (var script in truth.Watched)
        {
            var answer = (await server.AddressAsync(truth.Id, truth.AddressOf(script))).GetProperty("balance");
            var balance = truth.Chain.BalanceOf(script);
            (answer.GetProperty("confirmed").GetString(), answer.GetProperty("unconfirmed").GetString()).ShouldBe((balance.Confirmed.ToDecimal(8), balance.Unconfirmed.ToDecimal(8)));
        }

        return (started.Elapsed, journal);
    }
}
