namespace Belfry.TestKit.Nodes;

/// <summary>
/// bcoin or bcash from npm: real nodes of other code than Bitcoin Core's, with real ZeroMQ (<c>rawtx hashtx rawblock hashblock sequence</c>) by a plugin of ours.
/// Chain and wallet live in memory: a stopped node comes back empty. Transactions of a reorganised block do not return to the mempool.
/// </summary>
public abstract class NpmNode : RegtestNode
{
    readonly FreePort zmqPort = FreePort.Lease();
    readonly FreePort walletPort = FreePort.Lease();
    readonly string script;
    NodeRpc? wallet;
    bool hasWitnessAccount;

    /// <summary>Prepares folder and ports.</summary>
    protected NpmNode(string chain, string script) : base(chain) => this.script = script;

    /// <inheritdoc/>
    public override string User => "x";

    /// <inheritdoc/>
    public override string ZmqEndPoint => $"tcp://127.0.0.1:{zmqPort.Number}";

    /// <summary>Whether the chain has segregated witness.</summary>
    protected virtual bool HasWitness => true;

    /// <inheritdoc/>
    protected override NodeRpc WalletRpc => wallet ??= new NodeRpc(new Uri($"http://127.0.0.1:{walletPort.Number}/"), User, Password);

    /// <inheritdoc/>
    public override async Task<string> NewAddressAsync(string? type = null)
    {
        if (type is not (null or "legacy" or "bech32") || (type == "bech32" && !HasWitness))
            throw new NotSupportedException($"The {Chain} node has no '{type}' addresses.");
        if (type != "bech32") return (await WalletCallAsync("getnewaddress", "default")).GetString()!;
        if (!hasWitnessAccount) await WalletRpc.PutAsync("wallet/primary/account/witness", new { type = "pubkeyhash", witness = true });
        hasWitnessAccount = true;
        return (await WalletCallAsync("getnewaddress", "witness")).GetString()!;
    }

    /// <inheritdoc/>
    public override async Task<string> SendAsync(string address, string amount, bool replaceable = false)
    {
        if (replaceable) throw new NotSupportedException($"The {Chain} node refuses replaceable transactions.");
        var id = (await WalletCallAsync("sendtoaddress", address, Coins(amount))).GetString()!;
        // The wallet answers before its node has taken the transaction in.
        await Eventually.HoldsAsync(async () => (await GetMempoolAsync()).Contains(id));
        return id;
    }

    /// <inheritdoc/>
    protected override ChildProcess Launch()
    {
        hasWitnessAccount = false;
        var shim = Path.Combine(TestPeers.Folder, "without-leveldb.js");
        string[] arguments =
        [
            "--no-deprecation", "--require", shim, script, "--network=regtest", "--memory=true", $"--prefix={DataFolder}",
            "--host=127.0.0.1", $"--port={PeerEndPoint.Port}", "--http-host=127.0.0.1", $"--http-port={RpcPort}", $"--api-key={Password}",
            "--wallet-http-host=127.0.0.1", $"--wallet-http-port={walletPort.Number}", $"--wallet-api-key={Password}", "--wallet-wallet-auth=false",
            "--index-tx=true", "--listen=true", "--workers=false", "--no-dns=true", "--seeds=", "--nodes=", "--log-level=warning",
            $"--plugins={Path.Combine(TestPeers.Folder, "zmq-notifications.js")}",
        ];
        // The network is told by environment too: without it the wallet's RPC writes main network addresses.
        var environment = new Dictionary<string, string>
        {
            ["BCOIN_NETWORK"] = "regtest", ["BCASH_NETWORK"] = "regtest", ["NODE_BACKEND"] = "js", ["BCRYPTO_FORCE_JS"] = "1", ["ZMQ_ENDPOINT"] = ZmqEndPoint,
        };
        return ChildProcess.Start("node", arguments, environment, DataFolder);
    }

    /// <inheritdoc/>
    protected override async Task<bool> IsReadyAsync()
    {
        await WalletCallAsync("getwalletinfo");
        return true;
    }

    /// <inheritdoc/>
    protected override async Task WaitForWalletAsync(string blockHash)
    {
        var coinbase = (await CallAsync("getblock", blockHash, true)).GetProperty("tx")[0].GetString()!;
        await Eventually.HoldsAsync(async () => (await WalletCallAsync("gettransaction", coinbase)).GetProperty("blockhash").GetString() == blockHash);
    }

    /// <inheritdoc/>
    protected override async Task<string> SignAsync(string unsignedHex, IReadOnlyList<SpentOutput> inputs)
    {
        var keys = new List<string>();
        foreach (var address in inputs.Select(input => input.Address).Distinct()) keys.Add((await WalletCallAsync("dumpprivkey", address)).GetString()!);
        var spent = inputs.Select(input => new { txid = input.TransactionId, vout = input.Index, scriptPubKey = input.Script, amount = input.Amount });
        var signed = await CallAsync("signrawtransaction", unsignedHex, spent, keys);
        if (!signed.GetProperty("complete").GetBoolean()) throw new InvalidOperationException($"The node could not sign: {signed}");
        return signed.GetProperty("hex").GetString()!;
    }

    /// <inheritdoc/>
    protected override void DropConnections()
    {
        base.DropConnections();
        wallet?.Dispose();
        wallet = null;
    }

    /// <inheritdoc/>
    protected override void ReleasePorts()
    {
        zmqPort.Dispose();
        walletPort.Dispose();
    }

    /// <summary>Starts a prepared node.</summary>
    private protected static async Task<T> StartedAsync<T>(T node) where T : NpmNode
    {
        try
        {
            await node.StartAsync();
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }
}

/// <summary>bcoin 1.0: Bitcoin without taproot; addresses <c>R…</c> and <c>rb1…</c>, amounts in JSON as floating point.</summary>
public sealed class BcoinNode : NpmNode
{
    BcoinNode(string script) : base("btc", script) { }

    /// <summary>Starts a node; skips the test when the run does without real programs.</summary>
    public static Task<BcoinNode> StartNewAsync() => StartedAsync(new BcoinNode(TestPeers.RequireBcoin()));
}

/// <summary>bcash 1.1: Bitcoin Cash under its older rules; addresses <c>bchreg:…</c>.</summary>
public sealed class BcashNode : NpmNode
{
    BcashNode(string script) : base("bch", script) { }

    /// <inheritdoc/>
    protected override bool HasWitness => false;

    /// <summary>Starts a node; skips the test when the run does without real programs.</summary>
    public static Task<BcashNode> StartNewAsync() => StartedAsync(new BcashNode(TestPeers.RequireBcash()));
}
