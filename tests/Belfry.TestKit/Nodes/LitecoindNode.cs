using System.Text.Json;

namespace Belfry.TestKit.Nodes;

/// <summary>How a private litecoind differs from the default.</summary>
public sealed record LitecoindOptions
{
    /// <summary>Keep a transaction index. Belfry must do without; the fixture's own <c>getrawtransaction</c> of confirmed transactions needs it.</summary>
    public bool TransactionIndex { get; init; } = true;

    /// <summary>Give loopback peers the <c>noban</c> permission: they hear of transactions at once, not after a random delay of seconds.</summary>
    public bool Whitelist { get; init; } = true;

    /// <summary>Never activate MWEB, so that blocks above height 431 can be mined without a peg-in.</summary>
    public bool WithoutMweb { get; init; }

    /// <summary>Further flags.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];
}

/// <summary>
/// Debian's litecoind 0.21, the reference of the Bitcoin Core family here: segwit and taproot from the first block, replacement by fee, MWEB. It has no ZeroMQ.
/// </summary>
public sealed class LitecoindNode : RegtestNode
{
    /// <summary>The first block that may carry MWEB; the node refuses to mine it without a peg-in, unless <see cref="LitecoindOptions.WithoutMweb"/>.</summary>
    public const int MwebHeight = 432;

    const string Wallet = "w";

    readonly string program = TestPeers.RequireLitecoind();
    readonly LitecoindOptions options;
    NodeRpc? wallet;

    LitecoindNode(LitecoindOptions options) : base("ltc") => this.options = options;

    /// <inheritdoc/>
    protected override NodeRpc WalletRpc => wallet ??= new NodeRpc(new Uri(RpcUrl, $"wallet/{Wallet}"), User, Password);

    /// <summary>Starts a node; skips the test when the run does without real programs.</summary>
    public static async Task<LitecoindNode> StartNewAsync(LitecoindOptions? options = null)
    {
        TestPeers.RequireLitecoind();
        var node = new LitecoindNode(options ?? new LitecoindOptions());
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

    /// <inheritdoc/>
    public override async Task<string> NewAddressAsync(string? type = null) =>
        (await WalletCallAsync("getnewaddress", "", type ?? "bech32")).GetString()!;

    /// <inheritdoc/>
    public override async Task<string> SendAsync(string address, string amount, bool replaceable = false) =>
        (await WalletCallAsync("sendtoaddress", address, Coins(amount), "", "", false, replaceable)).GetString()!;

    /// <inheritdoc/>
    public override async Task<string> BumpFeeAsync(string id) => (await WalletCallAsync("bumpfee", id)).GetProperty("txid").GetString()!;

    /// <summary>Mines up to the block before MWEB, pegs in, mines the block that activates it; returns the id of the peg-in.</summary>
    public async Task<string> ActivateMwebAsync(string amount = "10")
    {
        var missing = MwebHeight - 1 - await GetHeightAsync();
        if (missing < 0) throw new InvalidOperationException($"The chain is already above height {MwebHeight - 1}.");
        if (missing > 0) await GenerateAsync(missing);
        var pegIn = await SendAsync(await NewAddressAsync("mweb"), amount);
        await GenerateAsync(1);
        return pegIn;
    }

    /// <summary>Connects to another node and waits for the link.</summary>
    public async Task LinkAsync(LitecoindNode other)
    {
        await CallAsync("addnode", other.PeerEndPoint.ToString(), "onetry");
        await Eventually.HoldsAsync(async () => (await PeersAsync()).Any(peer => IsLinkTo(peer, other)));
    }

    /// <summary>Cuts the connection to another node.</summary>
    public async Task UnlinkAsync(LitecoindNode other)
    {
        await CallAsync("disconnectnode", other.PeerEndPoint.ToString());
        await Eventually.HoldsAsync(async () => !(await PeersAsync()).Any(peer => IsLinkTo(peer, other)));
    }

    /// <inheritdoc/>
    protected override ChildProcess Launch()
    {
        List<string> arguments =
        [
            "-regtest", $"-datadir={DataFolder}", "-server", "-listen=1", $"-bind=127.0.0.1:{PeerEndPoint.Port}", $"-port={PeerEndPoint.Port}",
            "-rpcbind=127.0.0.1", "-rpcallowip=127.0.0.1", $"-rpcport={RpcPort}", $"-rpcuser={User}", $"-rpcpassword={Password}",
            "-fallbackfee=0.0001", "-rest=1", "-dnsseed=0", "-upnp=0", "-discover=0", "-listenonion=0", "-mempoolreplacement=1",
            // Its log goes to the bounded buffer: a file has no bound, and MWEB can make the node log in a loop.
            "-printtoconsole=1", "-nodebuglogfile",
            // An orderly stop waits for idle RPC connections of other clients to time out: 30 s by default.
            "-rpcservertimeout=5",
        ];
        if (options.TransactionIndex) arguments.Add("-txindex=1");
        if (options.Whitelist) arguments.Add("-whitelist=noban@127.0.0.1");
        if (options.WithoutMweb) arguments.Add("-vbparams=mweb:-2:0");
        arguments.AddRange(options.Arguments);
        return ChildProcess.Start(program, arguments);
    }

    /// <inheritdoc/>
    protected override async Task<bool> IsReadyAsync()
    {
        var loaded = await CallAsync("listwallets");
        if (loaded.EnumerateArray().Any(name => name.GetString() == Wallet)) return true;
        // After a restart the wallet lies in the folder and may be loaded by itself.
        await CallAsync(Directory.Exists(Path.Combine(DataFolder, "regtest", "wallets", Wallet)) ? "loadwallet" : "createwallet", Wallet);
        return true;
    }

    /// <inheritdoc/>
    protected override async Task<string> SignAsync(string unsignedHex, IReadOnlyList<SpentOutput> inputs)
    {
        var signed = await WalletCallAsync("signrawtransactionwithwallet", unsignedHex);
        if (!signed.GetProperty("complete").GetBoolean()) throw new InvalidOperationException($"The wallet could not sign: {signed}");
        return signed.GetProperty("hex").GetString()!;
    }

    /// <inheritdoc/>
    protected override void DropConnections()
    {
        base.DropConnections();
        wallet?.Dispose();
        wallet = null;
    }

    static bool IsLinkTo(JsonElement peer, LitecoindNode other) =>
        peer.GetProperty("addr").GetString() == other.PeerEndPoint.ToString() && peer.GetProperty("version").GetInt32() > 0;

    async Task<IReadOnlyList<JsonElement>> PeersAsync() => [.. (await CallAsync("getpeerinfo")).EnumerateArray()];
}
