using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Belfry.TestKit.Nodes;

/// <summary>A transaction made for a test, signed; sent only where a member says so.</summary>
/// <param name="Id">Its id, display order.</param>
/// <param name="Hex">Its bytes.</param>
public sealed record SignedTransaction(string Id, string Hex);

/// <summary>
/// A real node of its own: a private regression-test chain on free loopback ports in a temporary folder. Amounts are decimal strings in the currency's unit.
/// Disposing kills the process and removes the folder; so does the end of the test program, however it ends.
/// </summary>
public abstract class RegtestNode : IAsyncDisposable
{
    /// <summary>User of the node's RPC.</summary>
    public const string DefaultUser = "belfry";

    /// <summary>The public key of the generator point: nobody's wallet here holds it, so its script is a stranger's.</summary>
    const string StrangerKey = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

    readonly FreePort peerPort = FreePort.Lease();
    readonly FreePort rpcPort = FreePort.Lease();
    ChildProcess? process;
    NodeRpc? rpc;
    string? mine, stranger;

    /// <summary>Prepares the folder and the ports.</summary>
    protected RegtestNode(string chain)
    {
        Chain = chain;
        DataFolder = Directory.CreateTempSubdirectory($"belfry-test-{chain}-").FullName;
        ChildGuard.Watch(DataFolder);
    }

    /// <summary>Chain id as in Belfry's settings: <c>ltc</c>, <c>btc</c>, <c>bch</c>.</summary>
    public string Chain { get; }

    /// <summary>Everything that the node writes.</summary>
    public string DataFolder { get; }

    /// <summary>The RPC endpoint, without credentials.</summary>
    public Uri RpcUrl => new($"http://127.0.0.1:{RpcPort}/");

    /// <summary>User of the RPC.</summary>
    public virtual string User => DefaultUser;

    /// <summary>Password of the RPC.</summary>
    public string Password { get; } = Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(12));

    /// <summary>The RPC endpoint with credentials, as Belfry's setting <c>Rpc</c> wants it.</summary>
    public string RpcSetting => $"http://{User}:{Password}@127.0.0.1:{RpcPort}";

    /// <summary>The peer-to-peer endpoint.</summary>
    public IPEndPoint PeerEndPoint => peerPort.EndPoint;

    /// <summary>The ZeroMQ endpoint, <c>tcp://127.0.0.1:port</c>; null for a node that publishes nothing.</summary>
    public virtual string? ZmqEndPoint => null;

    /// <summary>The process id of the running node.</summary>
    public int ProcessId => Process.Id;

    /// <summary>The last lines that the node wrote.</summary>
    public string Output => process?.Output ?? "";

    /// <summary>The node's RPC.</summary>
    public NodeRpc Rpc => rpc ??= new NodeRpc(RpcUrl, User, Password);

    /// <summary>The wallet's RPC.</summary>
    protected abstract NodeRpc WalletRpc { get; }

    /// <summary>The RPC port.</summary>
    protected int RpcPort => rpcPort.Number;

    ChildProcess Process => process ?? throw new InvalidOperationException($"The {Chain} node was not started.");

    /// <summary>Starts the process and waits until RPC and peer port answer.</summary>
    public async Task StartAsync()
    {
        if (process is { HasExited: false }) throw new InvalidOperationException($"The {Chain} node runs already.");
        if (process is not null) await process.DisposeAsync();
        process = Launch();
        await WaitReadyAsync();
    }

    /// <summary>Asks the node to end in order, and waits for it.</summary>
    public async Task StopAsync()
    {
        // bitcoind's relatives end only when their RPC connections are closed or have idled for long.
        DropConnections();
        Process.Continue();
        Process.Terminate();
        await Process.WaitForExitAsync(TimeSpan.FromSeconds(60));
    }

    /// <summary>kill -9. What the node had not written is lost.</summary>
    public Task KillAsync() => Process.KillAsync();

    /// <summary>SIGSTOP: sockets stay open, nothing answers.</summary>
    public void Freeze() => Process.Freeze();

    /// <summary>SIGCONT.</summary>
    public void Continue() => Process.Continue();

    /// <summary>Stops in order and starts again on the same folder and ports.</summary>
    public async Task RestartAsync()
    {
        if (!Process.HasExited) await StopAsync();
        await StartAsync();
    }

    /// <summary>Waits until the node answers RPC and accepts peers.</summary>
    public async Task WaitReadyAsync()
    {
        await Eventually.HoldsAsync(async () =>
        {
            if (Process.HasExited) return true;
            await CallAsync("getblockcount");
            return await IsReadyAsync();
        });
        if (Process.HasExited) throw new InvalidOperationException($"The {Chain} node ended at once:\n{Output}");
        await Eventually.HoldsAsync(async () =>
        {
            using var probe = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await probe.ConnectAsync(PeerEndPoint);
            return true;
        });
    }

    /// <summary>One RPC call to the node.</summary>
    public Task<JsonElement> CallAsync(string method, params object?[] parameters) => Rpc.CallAsync(method, parameters);

    /// <summary>One RPC call to the node's wallet.</summary>
    public Task<JsonElement> WalletCallAsync(string method, params object?[] parameters) => WalletRpc.CallAsync(method, parameters);

    /// <summary>Mines blocks to an address (default: the wallet's own) and returns their hashes.</summary>
    public async Task<IReadOnlyList<string>> GenerateAsync(int count, string? address = null)
    {
        var hashes = await CallAsync("generatetoaddress", count, address ?? (mine ??= await NewAddressAsync()));
        List<string> mined = [.. hashes.EnumerateArray().Select(hash => hash.GetString()!)];
        if (address is null && mined.Count > 0) await WaitForWalletAsync(mined[^1]);
        return mined;
    }

    /// <summary>Mines until the wallet has one mature coinbase to spend.</summary>
    public Task FundAsync() => GenerateAsync(101);

    /// <summary>A new address of the wallet. Types: <c>legacy</c>, <c>p2sh-segwit</c>, <c>bech32</c>, <c>mweb</c>, as far as the node has them; null for its default.</summary>
    public abstract Task<string> NewAddressAsync(string? type = null);

    /// <summary>An address that is in no wallet here.</summary>
    public async Task<string> StrangerAddressAsync() =>
        stranger ??= (await CallAsync("createmultisig", 1, new[] { StrangerKey })).GetProperty("address").GetString()!;

    /// <summary>Sends from the wallet and returns the transaction's id.</summary>
    public abstract Task<string> SendAsync(string address, string amount, bool replaceable = false);

    /// <summary>Replaces a wallet transaction by one with a higher fee to the same receivers; returns the new id. Only litecoind can.</summary>
    public virtual Task<string> BumpFeeAsync(string id) => throw new NotSupportedException($"The {Chain} node has no replacement by fee.");

    /// <summary>Makes, but does not send, a transaction that spends the same inputs as <paramref name="id"/> and pays it all to somebody else, with a higher fee.</summary>
    public async Task<SignedTransaction> CraftDoubleSpendAsync(string id, string? payTo = null)
    {
        var rival = await CallAsync("getrawtransaction", id, true);
        var inputs = new List<SpentOutput>();
        foreach (var input in rival.GetProperty("vin").EnumerateArray())
            inputs.Add(await ReadOutputAsync(input.GetProperty("txid").GetString()!, input.GetProperty("vout").GetInt32()));
        var outputs = rival.GetProperty("vout").EnumerateArray().Sum(output => output.GetProperty("value").GetDecimal());
        var fee = (inputs.Sum(input => input.Amount) - outputs) * 3 + 0.0005m;
        return await CraftAsync(inputs, payTo ?? await StrangerAddressAsync(), inputs.Sum(input => input.Amount) - fee);
    }

    /// <summary>Makes and signs a transaction from given outputs of the wallet to one address; the rest is fee. It signals replaceability.</summary>
    public async Task<SignedTransaction> CraftAsync(IReadOnlyList<SpentOutput> inputs, string address, decimal amount)
    {
        var spends = inputs.Select(input => new { txid = input.TransactionId, vout = input.Index, sequence = 0xfffffffdu });
        var unsigned = (await CallAsync("createrawtransaction", spends, new Dictionary<string, decimal> { [address] = amount })).GetString()!;
        var hex = await SignAsync(unsigned, inputs);
        return new SignedTransaction((await CallAsync("decoderawtransaction", hex)).GetProperty("txid").GetString()!, hex);
    }

    /// <summary>Replaces a replaceable mempool transaction by one that pays somebody else; returns the new id. Only litecoind can.</summary>
    public async Task<string> ReplaceWithDoubleSpendAsync(string id, string? payTo = null) =>
        await SendRawAsync((await CraftDoubleSpendAsync(id, payTo)).Hex);

    /// <summary>Puts a signed transaction into the mempool and returns its id.</summary>
    public async Task<string> SendRawAsync(string hex) => (await CallAsync("sendrawtransaction", hex)).GetString()!;

    /// <summary>An output by its place.</summary>
    public async Task<SpentOutput> ReadOutputAsync(string id, int index)
    {
        var output = (await CallAsync("getrawtransaction", id, true)).GetProperty("vout")[index];
        var script = output.GetProperty("scriptPubKey");
        return new SpentOutput(id, index, output.GetProperty("value").GetDecimal(), script.GetProperty("hex").GetString()!, script.GetProperty("addresses")[0].GetString()!);
    }

    /// <summary>Takes a block, and what is built on it, off the best chain.</summary>
    public Task InvalidateAsync(string hash) => CallAsync("invalidateblock", hash);

    /// <summary>Height of the best chain.</summary>
    public async Task<int> GetHeightAsync() => (await CallAsync("getblockcount")).GetInt32();

    /// <summary>Hash of the best block.</summary>
    public async Task<string> GetTipAsync() => (await CallAsync("getbestblockhash")).GetString()!;

    /// <summary>Hash at a height of the best chain.</summary>
    public async Task<string> GetHashAsync(int height) => (await CallAsync("getblockhash", height)).GetString()!;

    /// <summary>A block's bytes.</summary>
    public async Task<string> GetBlockHexAsync(string hash) => (await CallAsync("getblock", hash, false)).GetString()!;

    /// <summary>Ids in the mempool.</summary>
    public async Task<IReadOnlyList<string>> GetMempoolAsync() =>
        [.. (await CallAsync("getrawmempool")).EnumerateArray().Select(id => id.GetString()!)];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (process is not null) await process.DisposeAsync();
        DropConnections();
        ReleasePorts();
        peerPort.Dispose();
        rpcPort.Dispose();
        Directory.Delete(DataFolder, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Starts the program.</summary>
    protected abstract ChildProcess Launch();

    /// <summary>Whether everything beside the RPC answers too.</summary>
    protected abstract Task<bool> IsReadyAsync();

    /// <summary>Waits until the wallet has digested a block that pays it.</summary>
    protected virtual Task WaitForWalletAsync(string blockHash) => Task.CompletedTask;

    /// <summary>Signs with the wallet's keys.</summary>
    protected abstract Task<string> SignAsync(string unsignedHex, IReadOnlyList<SpentOutput> inputs);

    /// <summary>Closes the connections to the node; the next call opens new ones.</summary>
    protected virtual void DropConnections()
    {
        rpc?.Dispose();
        rpc = null;
    }

    /// <summary>Gives back the ports that a derived class leased.</summary>
    protected virtual void ReleasePorts() { }

    /// <summary>A decimal string as the number that goes into JSON.</summary>
    protected static decimal Coins(string amount) => decimal.Parse(amount, System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>An output that a crafted transaction spends.</summary>
/// <param name="TransactionId">The id of the transaction that made it.</param>
/// <param name="Index">Its place.</param>
/// <param name="Amount">In the currency's unit.</param>
/// <param name="Script">The locking script in hex.</param>
/// <param name="Address">The address that the script pays.</param>
public sealed record SpentOutput(string TransactionId, int Index, decimal Amount, string Script, string Address);
