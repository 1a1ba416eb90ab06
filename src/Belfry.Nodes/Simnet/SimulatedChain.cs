using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;

namespace Belfry.Nodes.Simnet;

/// <summary>
/// A Bitcoin-family chain that exists only in memory: real bytes, real proof of work at a target that costs two hashes, real rules for coins, fees, replacement
/// and branches; signatures are not checked. The same seed, clock and calls give the same bytes. Safe from several threads; every call is one atomic step.
/// </summary>
/// <remarks>Actions are in this file and in <c>SimulatedChain.Branches.cs</c> and <c>.Payments.cs</c>; <c>.Truth.cs</c> answers what is so.</remarks>
public sealed partial class SimulatedChain
{
    /// <summary>Half of all hashes satisfy it.</summary>
    const uint EasiestBits = 0x207fffff;

    readonly Lock gate = new();
    readonly IEntropy entropy;
    readonly TimeProvider clock;
    readonly BlockTree tree = new();
    readonly SimMempool pool = new();
    readonly List<SimWallet> wallets = [];
    readonly List<Action<SimChange>> listeners = [];
    ulong mempoolSequence = 1;

    /// <summary>Makes a chain that has its genesis block and wallets, and no coins yet; see <see cref="Fund"/>.</summary>
    public SimulatedChain(SimnetSettings settings, IEntropy entropy, TimeProvider clock)
    {
        Settings = settings;
        this.entropy = entropy;
        this.clock = clock;
        foreach (var name in settings.Wallets) AddWallet(name);
        Miner = AddWallet("miner");
        Stranger = AddWallet("stranger");
        var text = Encoding.ASCII.GetBytes($"belfry simnet {settings.Profile.Id} ");
        var genesis = SimWire.Transaction(
            [new WireInput(new OutPoint(default, uint.MaxValue), [.. SimWire.PushHeight(0), (byte)text.Length, .. text, 8, .. entropy.Bytes(8)], [], uint.MaxValue)],
            [new SimOutput(new Script([0x6a]), 0)], [], isCoinbase: true);
        tree.AddGenesis(Seal(default, [genesis], EasiestBits));
        Remember(genesis);
    }

    /// <summary>The rules.</summary>
    public SimnetSettings Settings { get; }

    /// <summary>Everybody, in order of creation.</summary>
    public IReadOnlyList<SimWallet> Wallets => wallets;

    /// <summary>Whom blocks pay unless told otherwise.</summary>
    public SimWallet Miner { get; }

    /// <summary>Whom a replacement or double spend pays when it takes the payment away.</summary>
    public SimWallet Stranger { get; }

    /// <summary>Adds somebody without coins.</summary>
    public SimWallet AddWallet(string name)
    {
        lock (gate)
        {
            var wallet = new SimWallet(name, Settings.Segwit, entropy);
            wallets.Add(wallet);
            return wallet;
        }
    }

    /// <summary>A wallet by its name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public SimWallet Wallet(string name) =>
        wallets.Find(wallet => wallet.Name == name) ?? throw new ArgumentException($"The simulated chain has no wallet '{name}'.", nameof(name));

    /// <summary>Mines until every wallet has <paramref name="blocks"/> block rewards that it can spend.</summary>
    public void Fund(int blocks = 1)
    {
        lock (gate)
        {
            for (var round = 0; round < blocks; round++)
                foreach (var wallet in wallets) Mine(1, wallet.Script);
            Mine(Settings.Profile.CoinbaseMaturity);
        }
    }

    /// <summary>Mines blocks on the best tip, each with what waits in the mempool (best fees first, parents before children).</summary>
    /// <param name="count">How many.</param>
    /// <param name="rewardTo">Whom the rewards pay; null: the miner.</param>
    /// <param name="include">Transactions to put into the first block, whether they wait or not; rivals of theirs in the mempool become conflicted.</param>
    /// <param name="empty">Leave the mempool alone.</param>
    /// <returns>The blocks, lowest first.</returns>
    /// <exception cref="ArgumentException">A transaction of <paramref name="include"/> cannot be in this block.</exception>
    public IReadOnlyList<SimBlock> Mine(int count = 1, Script? rewardTo = null, IReadOnlyList<SimTransaction>? include = null, bool empty = false)
    {
        lock (gate)
        {
            var mined = new List<SimBlock>(count);
            for (var index = 0; index < count; index++)
            {
                var wanted = index == 0 ? include ?? [] : [];
                var block = MineOnActive(wanted, empty ? [] : pool.Entries.Select(entry => entry.Transaction), rewardTo, EasiestBits);
                Settle([], [block]);
                mined.Add(block);
            }

            return mined;
        }
    }

    /// <summary>Hears of every change, under the chain's lock: must be quick and must not call back. Disposing the result ends it.</summary>
    public IDisposable Subscribe(Action<SimChange> listener)
    {
        lock (gate) listeners.Add(listener);
        return new Subscription(this, listener);
    }

    /// <summary>Runs several calls as one step that nobody else can see the middle of.</summary>
    public T Atomically<T>(Func<T> step)
    {
        lock (gate) return step();
    }

    /// <summary>Reward without fees at a height, base units.</summary>
    public long SubsidyAt(long height) => height == 0 || height / Settings.HalvingInterval >= 63 ? 0 : Settings.Subsidy >> (int)(height / Settings.HalvingInterval);

    SimBlock MineOnActive(IReadOnlyList<SimTransaction> wanted, IEnumerable<SimTransaction> offered, Script? rewardTo, uint bits)
    {
        var height = tree.Tip.Height + 1;
        var chosen = new BlockTemplate(tree, height, Settings.Profile.CoinbaseMaturity);
        foreach (var transaction in wanted)
        {
            if (!chosen.TryAdd(transaction)) throw new ArgumentException($"Transaction {transaction} spends what block {height} does not have.", nameof(wanted));
            Remember(transaction);
        }

        chosen.Fill(offered, Settings.BlockCapacity);
        IReadOnlyList<SimTransaction> body = Settings.OrderedById ? [.. chosen.Transactions.OrderBy(transaction => transaction.Id.Value)] : chosen.Transactions;
        var block = Seal(tree.Tip.Ref, [Coinbase(height, body, rewardTo ?? Miner.Script), .. body], bits);
        Remember(block.Transactions[0]);
        tree.Extend(block);
        return block;
    }

    SimTransaction Coinbase(long height, IReadOnlyList<SimTransaction> body, Script rewardTo)
    {
        byte[] script = [.. SimWire.PushHeight(height), 8, .. entropy.Bytes(8)];
        var reward = new SimOutput(rewardTo, SubsidyAt(height) + body.Sum(transaction => transaction.Fee));
        var nothing = new OutPoint(default, uint.MaxValue);
        if (!Settings.Segwit) return SimWire.Transaction([new WireInput(nothing, script, [], uint.MaxValue)], [reward], [], isCoinbase: true);

        // BIP 141: the root over witness ids, with zero for the coinbase itself, committed with the reserved value that its witness carries
        var root = SimWire.MerkleRoot(body.Select(transaction => transaction.WitnessId).Prepend(default));
        var reserved = new byte[Hash256.Size];
        var committed = new byte[Hash256.Size * 2];
        root.CopyToWire(committed);
        var commitment = SHA256.HashData(SHA256.HashData(committed));
        var data = new SimOutput(new Script([0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed, .. commitment]), 0);
        return SimWire.Transaction([new WireInput(nothing, script, [reserved], uint.MaxValue)], [reward, data], [], isCoinbase: true);
    }

    SimBlock Seal(BlockRef previous, IReadOnlyList<SimTransaction> transactions, uint bits)
    {
        var parent = tree.Find(previous.Hash);
        var now = DateTimeOffset.FromUnixTimeSeconds(clock.GetUtcNow().ToUnixTimeSeconds());
        var time = parent is null || now > parent.Header.Time ? now : parent.Header.Time.AddSeconds(1);
        var root = SimWire.MerkleRoot(transactions.Select(transaction => transaction.Id.Value));
        var target = SimWire.Target(bits);
        for (uint nonce = 0; ; nonce++)
        {
            var header = SimWire.Header(previous.Hash, root, time, bits, nonce);
            var hash = SimWire.Hash(header);
            if (SimWire.Number(hash) > target) continue;
            var place = new BlockRef(parent is null ? 0 : parent.Height + 1, new BlockHash(hash));
            var work = (parent?.Work ?? BigInteger.Zero) + SimWire.Work(bits);
            return new SimBlock(new BlockHeader(place, previous.Hash, time, work, InBestChain: true), SimWire.Block(header, transactions), transactions);
        }
    }

    void Tell(SimChange change)
    {
        foreach (var listener in listeners) listener(change);
    }

    sealed class Subscription(SimulatedChain chain, Action<SimChange> listener) : IDisposable
    {
        public void Dispose()
        {
            lock (chain.gate) chain.listeners.Remove(listener);
        }
    }
}
