using System.Globalization;
using System.Text.Json;
using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin.Rpc;
using Microsoft.Extensions.Logging.Abstractions;

namespace Belfry.Cli.Triggering;

/// <summary>A Bitcoin-family node on regtest, by RPC and its own wallet. Refuses to act on any other network.</summary>
sealed class NodeStage : IStage
{
    const int Maturity = 100;

    readonly NodeRpc rpc;
    string? miner;

    NodeStage(NodeRpc rpc) => this.rpc = rpc;

    /// <summary>Connects, and makes sure that the node is on regtest and its wallet can pay.</summary>
    /// <exception cref="RefusedException">It is not, or has no wallet.</exception>
    /// <exception cref="EndpointException">The node cannot be reached.</exception>
    public static async Task<NodeStage> OpenAsync(RpcEndpoint endpoint, CancellationToken cancellationToken)
    {
        var stage = new NodeStage(new NodeRpc(endpoint, TcpNetwork.Instance, TimeProvider.System, SystemEntropy.Instance, NullLogger.Instance));
        try
        {
            var network = (await stage.CallAsync("getblockchaininfo", cancellationToken)).GetProperty("chain").GetString();
            if (network != "regtest") throw new RefusedException($"the node at {endpoint.Name} is on '{network}': payments and blocks are only made on regtest or a simulated chain.");
            await stage.FundAsync(cancellationToken);
            return stage;
        }
        catch
        {
            stage.Dispose();
            throw;
        }
    }

    public async Task<string> NewAddressAsync(CancellationToken cancellationToken) => (await CallAsync("getnewaddress", cancellationToken)).GetString()!;

    public async Task<string> PayAsync(string address, string amount, CancellationToken cancellationToken) =>
        (await CallAsync("sendtoaddress", cancellationToken, address, amount, "", "", false, true)).GetString()!;

    public async Task<string> ReplaceAsync(string transaction, bool paysYou, CancellationToken cancellationToken)
    {
        if (paysYou) return (await CallAsync("bumpfee", cancellationToken, transaction)).GetProperty("txid").GetString()!;
        var rival = await RivalAsync(transaction, cancellationToken);
        return (await CallAsync("sendrawtransaction", cancellationToken, rival)).GetString()!;
    }

    public async Task<string> DoubleSpendAsync(string transaction, CancellationToken cancellationToken)
    {
        var rival = await RivalAsync(transaction, cancellationToken);
        await CallAsync("generateblock", cancellationToken, await MinerAsync(cancellationToken), List(rival));
        return await IdOfAsync(rival, cancellationToken);
    }

    public async Task PayAndDropAsync(string address, string amount, Func<string, Task> paid, CancellationToken cancellationToken)
    {
        // No node throws a transaction out on request. But one that spends a reward which has just become spendable falls out by itself when the newest block is taken back.
        var block = (await CallAsync("generatetoaddress", cancellationToken, 1, await MinerAsync(cancellationToken)))[0].GetString()!;
        await MineAsync(Maturity - 1, empty: true, cancellationToken);
        var reward = (await CallAsync("getblock", cancellationToken, block, 2)).GetProperty("tx")[0];
        var value = reward.GetProperty("vout")[0].GetProperty("value").GetDecimal();
        var asked = decimal.Parse(amount, NumberStyles.Number, CultureInfo.InvariantCulture);
        if (asked > value - 0.001m) throw new RefusedException($"a payment of {amount} is more than one block's reward ({value}) and cannot be lost by itself; try a smaller --amount.");
        var outputs = new Dictionary<string, string> { [address] = amount, [await NewAddressAsync(cancellationToken)] = Text(value - asked - 0.0005m) };
        var hex = await SignAsync([new NodeInput(reward.GetProperty("txid").GetString()!, 0, 0xfffffffd)], outputs, cancellationToken);
        await paid((await CallAsync("sendrawtransaction", cancellationToken, hex)).GetString()!);
        await InvalidateAsync((await CallAsync("getbestblockhash", cancellationToken)).GetString()!, cancellationToken);
        // two, so that the new branch has more work than the old one; left empty, because the first of them makes the reward spendable again
        await MineAsync(2, empty: true, cancellationToken);
    }

    public async Task MineAsync(int blocks, bool empty, CancellationToken cancellationToken)
    {
        var address = await MinerAsync(cancellationToken);
        if (!empty) await CallAsync("generatetoaddress", cancellationToken, blocks, address);
        else
            for (var block = 0; block < blocks; block++) await CallAsync("generateblock", cancellationToken, address, List());
    }

    public async Task<string?> ReorganiseAsync(int depth, string? rivalOf, CancellationToken cancellationToken)
    {
        var height = (await CallAsync("getblockcount", cancellationToken)).GetInt64();
        var first = (await CallAsync("getblockhash", cancellationToken, height - depth + 1)).GetString()!;
        await InvalidateAsync(first, cancellationToken);
        // what the blocks held waits again, so that a rival is made as for any other waiting transaction
        var rival = rivalOf is null ? null : await RivalAsync(rivalOf, cancellationToken);
        await CallAsync("generateblock", cancellationToken, await MinerAsync(cancellationToken), rival is null ? List() : List(rival));
        await MineAsync(depth, empty: true, cancellationToken);
        return rival is null ? null : await IdOfAsync(rival, cancellationToken);
    }

    public void Dispose() => rpc.Dispose();

    static string Text(decimal amount) => amount.ToString("0.00000000", CultureInfo.InvariantCulture);

    static JsonElement List(params string[] items) => JsonSerializer.SerializeToElement(items, CliJson.Default.StringArray);

    /// <summary>A wallet without coins gets some, as far as this chain still pays rewards.</summary>
    async Task FundAsync(CancellationToken cancellationToken)
    {
        if ((await CallAsync("getbalance", cancellationToken)).GetDecimal() >= 1) return;
        await CallAsync("generatetoaddress", cancellationToken, Maturity + 1, await MinerAsync(cancellationToken));
    }

    async Task InvalidateAsync(string block, CancellationToken cancellationToken)
    {
        await CallAsync("invalidateblock", cancellationToken, block);
        // to another address: within the same second the same reward would make the same block, which was just refused
        miner = null;
    }

    async Task<string> MinerAsync(CancellationToken cancellationToken) => miner ??= await NewAddressAsync(cancellationToken);

    async Task<string> IdOfAsync(string hex, CancellationToken cancellationToken) => (await CallAsync("decoderawtransaction", cancellationToken, hex)).GetProperty("txid").GetString()!;

    /// <summary>Signs a transaction that spends what a waiting one spends, and pays it back to the wallet with a fee that no node refuses.</summary>
    async Task<string> RivalAsync(string transaction, CancellationToken cancellationToken)
    {
        var old = await CallAsync("getrawtransaction", cancellationToken, transaction, true);
        var inputs = new List<NodeInput>();
        var spent = 0m;
        foreach (var input in old.GetProperty("vin").EnumerateArray())
        {
            var (id, index) = (input.GetProperty("txid").GetString()!, input.GetProperty("vout").GetInt32());
            // false: as if the mempool did not spend it already
            spent += (await CallAsync("gettxout", cancellationToken, id, index, false)).GetProperty("value").GetDecimal();
            inputs.Add(new NodeInput(id, index, 0xfffffffd));
        }

        var fee = spent - old.GetProperty("vout").EnumerateArray().Sum(output => output.GetProperty("value").GetDecimal());
        return await SignAsync(inputs, new Dictionary<string, string> { [await NewAddressAsync(cancellationToken)] = Text(spent - 3 * fee - 0.0005m) }, cancellationToken);
    }

    async Task<string> SignAsync(List<NodeInput> inputs, Dictionary<string, string> outputs, CancellationToken cancellationToken)
    {
        var unsigned = await CallAsync(
            "createrawtransaction", cancellationToken,
            JsonSerializer.SerializeToElement(inputs, CliJson.Default.ListNodeInput), JsonSerializer.SerializeToElement(outputs, CliJson.Default.DictionaryStringString));
        return (await CallAsync("signrawtransactionwithwallet", cancellationToken, unsigned.GetString()!)).GetProperty("hex").GetString()!;
    }

    async Task<JsonElement> CallAsync(string method, CancellationToken cancellationToken, params object[] arguments)
    {
        try
        {
            return await rpc.CallAsync(
                new RpcCall(method, arguments) { Idempotent = false, MaxReplyBytes = RpcCall.LargeReply }, static (ref reader) => JsonElement.ParseValue(ref reader), cancellationToken);
        }
        catch (RpcErrorException refused) when (refused.Reason.Contains("wallet", StringComparison.OrdinalIgnoreCase))
        {
            throw new RefusedException($"{refused.Message}. The node needs a wallet to pay from: createwallet, or name one with --rpc http://…/wallet/NAME.");
        }
        catch (RpcErrorException refused)
        {
            throw new RefusedException(refused.Message);
        }
    }
}

/// <summary>An input as <c>createrawtransaction</c> wants it.</summary>
sealed record NodeInput(string Txid, int Vout, long Sequence);
