using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.Nodes.Simnet;
using Belfry.Server.Tests.EndToEnd;
using Belfry.TestKit.Faults;
using Microsoft.Extensions.Logging.Abstractions;

namespace Belfry.Server.Tests.Faults;

/// <summary>A simulated chain behind a node that a real server follows, with some addresses that are watched and lively traffic between all.</summary>
sealed class FaultChain : IAsyncDisposable
{
    readonly HashSet<string> ever = [];

    public FaultChain(int seed, string id = "btc", TimeProvider? clock = null, SimnetTraffic? traffic = null)
    {
        Network = BitcoinNetworks.Find(new ChainId(id), "regtest");
        Codec = new BitcoinAddressCodec(Network);
        Chain = new SimulatedChain(SimnetSettings.For(Network.Profile), new SeededEntropy((ulong)seed), clock ?? TimeProvider.System);
        Chain.Subscribe(Remember);
        Payer = Chain.AddWallet("payer");
        Chain.Fund(3);
        Node = new SimulatedRpcNode(Chain, Network.Genesis);
        Driver = new SimnetDriver(
            Chain, new SeededEntropy((ulong)seed * 7919), TimeProvider.System, traffic ?? new SimnetTraffic { KeepBlocks = 100_000, Steal = 0.05, Bump = 0.05, Evict = 0.03 }, NullLogger.Instance);
        Watched = [.. new[] { "alice", "shop" }.Select(name => Chain.Wallet(name).Script)];
    }

    public BitcoinNetwork Network { get; }

    public BitcoinAddressCodec Codec { get; }

    public SimulatedChain Chain { get; }

    public SimulatedRpcNode Node { get; }

    /// <summary>Whether there ever was such a transaction; the chain itself forgets in time what came into no block.</summary>
    public bool Existed(string id)
    {
        lock (ever) return ever.Contains(id);
    }

    /// <summary>Makes things happen on the chain.</summary>
    public SimnetDriver Driver { get; }

    /// <summary>Scripts that are watched from the beginning of the chain.</summary>
    public IReadOnlyList<Script> Watched { get; set; }

    public string Id => Network.Chain.Value;

    public string AddressOf(Script script) => Codec.Write(script.Span)!;

    /// <summary>A script that nobody has seen and nobody can spend.</summary>
    public static Script Fresh(int number)
    {
        Span<byte> bytes = stackalloc byte[22];
        bytes[1] = 20;
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(bytes[2..], number);
        bytes[^1] = 7;
        return new Script(bytes);
    }

    /// <summary>Who pays what a test wants paid; the traffic leaves its coins alone.</summary>
    public SimWallet Payer { get; }

    /// <summary>Gives the payer so many coins of 30 000 units and returns them.</summary>
    public IReadOnlyList<SimCoin> Split(int count)
    {
        for (var left = count; left > 0; left -= 500)
        {
            Chain.Pay(Chain.Wallet("carol"), [.. Enumerable.Repeat(new SimOutput(Payer.Script, 30_000), Math.Min(left, 500))]);
            Chain.Mine(1);
        }

        return [.. Chain.SpendableCoins(Payer).Where(static coin => coin.Value == 30_000).Take(count)];
    }

    /// <summary>Makes a server follow the node; <paramref name="rpc"/> in its place when something stands between.</summary>
    public void Configure(BelfryProcess server, string? rpc = null)
    {
        void Set(string name, string value) => server.Environment[$"BELFRY__Chains__{Id}__{name}"] = value;
        Set("Network", "regtest");
        Set("Rpc", rpc ?? Node.RpcSetting);
        Set("PollInterval", "00:00:00.050");
        Set("DropGrace", "00:00:00.500");
        Set("RestartGrace", "00:00:02");
        Set("AuditInterval", "00:00:05");
    }

    /// <summary>Starts a server of its own that follows the chain and watches from its beginning.</summary>
    public async Task<BelfryProcess> ServeAsync(Action<BelfryProcess>? change = null)
    {
        var server = BelfryProcess.Prepare();
        try
        {
            Configure(server);
            change?.Invoke(server);
            server.Launch();
            await AtTipAsync(server);
            await WatchAsync(server);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Watches <see cref="Watched"/>.</summary>
    public async Task WatchAsync(BelfryProcess server, long? fromHeight = 1)
    {
        foreach (var script in Watched) await server.WatchAsync(Id, AddressOf(script), fromHeight);
    }

    /// <summary>Waits until the server stands where the node does.</summary>
    public Task AtTipAsync(BelfryProcess server, string state = "live") => server.ChainAsync(
        Id, row => row.GetProperty("hash").GetString() == Node.Tip.Hash.ToString() && row.GetProperty("state").GetString() == state, $"{state} at {Node.Tip}");

    public ValueTask DisposeAsync() => Node.DisposeAsync();

    void Remember(SimChange change)
    {
        lock (ever)
        {
            if (change is SimChange.Entered entered) ever.Add(entered.Transaction.Id.ToString());
            if (change is SimChange.Connected connected) ever.UnionWith(connected.Block.Transactions.Select(static transaction => transaction.Id.ToString()));
        }
    }
}
