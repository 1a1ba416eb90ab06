using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Nodes.Simnet;

namespace Belfry.TestKit.Faults;

/// <summary>
/// A node of a simulated chain that speaks Bitcoin's JSON-RPC over HTTP, so that the real server follows it by its own RPC client: with a truth to compare with, any
/// history in no time, and every lie that a node could tell.
/// </summary>
public sealed class SimulatedRpcNode : IAsyncDisposable
{
    const string User = "belfry";
    const string Password = "simulated-password";

    readonly BlockHash genesis;
    readonly SpoiltHttpServer http;
    readonly IDisposable subscription;
    readonly Lock gate = new();
    readonly HashSet<BlockHash> left = [];
    readonly HashSet<TxHash> forgotten = [];
    long startedAt = Stopwatch.GetTimestamp();
    SimBlock? pinned;

    /// <summary>Serves a chain.</summary>
    /// <param name="chain">The truth.</param>
    /// <param name="genesis">What it calls its block 0: the network's own hash, by which Belfry knows networks apart.</param>
    public SimulatedRpcNode(SimulatedChain chain, BlockHash genesis)
    {
        Chain = chain;
        this.genesis = genesis;
        subscription = chain.Subscribe(change =>
        {
            if (change is not SimChange.Disconnected gone) return;
            lock (gate) left.Add(gone.Block.Hash);
        });
        http = new SpoiltHttpServer(Serve);
    }

    /// <summary>The truth.</summary>
    public SimulatedChain Chain { get; }

    /// <summary>Chain id as in settings.</summary>
    public string Id => Chain.Settings.Profile.Id.Value;

    /// <summary>Where it listens.</summary>
    public System.Net.IPEndPoint EndPoint => http.EndPoint;

    /// <summary>The endpoint with credentials, as Belfry's setting <c>Rpc</c> wants it.</summary>
    public string RpcSetting => SettingAt(EndPoint);

    /// <summary>Makes answers wrong; null: an honest node. May change at any time.</summary>
    public IReplySpoiler? Spoiler { get; set; }

    /// <summary>Requests answered so far.</summary>
    public long Requests => Interlocked.Read(ref requests);

    long requests;

    /// <summary>The same credentials at another place, for instance a proxy's.</summary>
    public static string SettingAt(System.Net.IPEndPoint place) => $"http://{User}:{Password}@{place}";

    /// <summary>The tip that it shows.</summary>
    public SimBlock Tip => pinned ?? Chain.Tip;

    /// <summary>Was started anew, without the best chain's last blocks and without its mempool.</summary>
    public void Restart(int behindBy = 0) => Chain.Atomically(() =>
    {
        lock (gate)
        {
            startedAt = Stopwatch.GetTimestamp();
            pinned = behindBy == 0 ? null : Chain.BlockAt(Chain.Tip.Height - behindBy);
            forgotten.UnionWith(Chain.Mempool.Select(static waiting => waiting.Id));
            return true;
        }
    });

    /// <summary>Shows the whole chain and mempool again.</summary>
    public void CatchUp()
    {
        lock (gate)
        {
            pinned = null;
            forgotten.Clear();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        subscription.Dispose();
        await http.DisposeAsync();
    }

    WireAnswer Serve(JsonElement request)
    {
        Interlocked.Increment(ref requests);
        var spoiler = Spoiler;
        if (spoiler?.Instead(request) is { } instead) return instead;
        var isBatch = request.ValueKind == JsonValueKind.Array;
        var calls = isBatch ? request.EnumerateArray().ToList() : [request];
        var replies = calls.ConvertAll(call => Reply(call, spoiler));
        if (isBatch) replies = spoiler?.Arrange(replies) ?? replies;
        var body = isBatch ? $"[{string.Join(',', replies)}]" : replies[0];
        var plain = WireAnswer.Http(body, !isBatch && body.StartsWith("{\"result\":null,\"error\":{", StringComparison.Ordinal) ? 500 : 200);
        return spoiler?.Spoil(request, body) ?? plain;
    }

    string Reply(JsonElement call, IReplySpoiler? spoiler)
    {
        var id = call.GetProperty("id").GetRawText();
        var method = call.GetProperty("method").GetString()!;
        var parameters = call.TryGetProperty("params", out var given) ? given.EnumerateArray().ToArray() : [];
        try
        {
            var result = Chain.Atomically(() =>
            {
                lock (gate) return Answer(method, parameters);
            });
            return $$"""{"result":{{spoiler?.Change(method, result, this) ?? result}},"error":null,"id":{{id}}}""";
        }
        catch (RefusedException refusal)
        {
            return $$"""{"result":null,"error":{"code":{{refusal.Code}},"message":{{JsonSerializer.Serialize(refusal.Message)}}},"id":{{id}}}""";
        }
    }

    string Answer(string method, JsonElement[] parameters) => method switch
    {
        "getblockchaininfo" => $$"""{"chain":"regtest","blocks":{{Tip.Height}},"bestblockhash":"{{Named(Tip)}}","initialblockdownload":false}""",
        "getnetworkinfo" => """{"subversion":"/Belfry Simnet/"}""",
        "getbestblockhash" => $"\"{Named(Tip)}\"",
        "getblockhash" => $"\"{Named(At(parameters[0].GetInt64()) ?? throw new RefusedException(-8, "Block height out of range"))}\"",
        "getchaintips" => Tips(),
        "getblockheader" => Header(Find(parameters[0])),
        "getblock" => Block(Find(parameters[0]), parameters),
        "getmempoolinfo" => $$"""{"loaded":true,"size":{{Waiting().Count}},"bytes":{{Waiting().Sum(static waiting => waiting.Raw.Length)}}}""",
        "getrawmempool" => Mempool(numbered: parameters.Length > 1 && parameters[1].ValueKind == JsonValueKind.True),
        "getmempoolentry" => $$$"""{"fees":{"base":{{{Coins(Waits(parameters[0]).Fee)}}}}}""",
        "getrawtransaction" => $"\"{Hex(Waits(parameters[0]).Raw.Span)}\"",
        "getindexinfo" => "{}",
        "gettxout" => Unspent(new OutPoint(Id32(parameters[0]), parameters[1].GetUInt32())),
        "uptime" => ((long)Stopwatch.GetElapsedTime(startedAt).TotalSeconds).ToString(CultureInfo.InvariantCulture),
        "getzmqnotifications" => "[]",
        _ => throw new RefusedException(-32601, "Method not found"),
    };

    string Tips()
    {
        var invalid = left.Select(Chain.FindBlock).OfType<SimBlock>().Where(Chain.IsInvalid).Select(block => $$"""{"height":{{block.Height}},"hash":"{{block.Hash}}","branchlen":1,"status":"invalid"}""");
        return $"[{string.Join(',', invalid.Prepend($$"""{"height":{{Tip.Height}},"hash":"{{Named(Tip)}}","branchlen":0,"status":"active"}"""))}]";
    }

    string Header(SimBlock block)
    {
        var previous = block.Height == 0 ? "" : $",\"previousblockhash\":\"{(block.Height == 1 ? genesis : block.Header.Previous)}\"";
        var confirmations = At(block.Height)?.Hash == block.Hash ? Tip.Height - block.Height + 1 : -1;
        var work = block.Work.ToString("x", CultureInfo.InvariantCulture).TrimStart('0').PadLeft(64, '0');
        return $$"""{"hash":"{{Named(block)}}","confirmations":{{confirmations}},"height":{{block.Height}},"time":{{block.Header.Time.ToUnixTimeSeconds()}},"chainwork":"{{work}}"{{previous}}}""";
    }

    string Block(SimBlock block, JsonElement[] parameters)
    {
        if (block.Height == 0 || block.Raw.Length == 0) throw new RefusedException(-1, "Block not available (pruned data)");
        var verbosity = parameters.Length < 2 ? 1 : parameters[1].ValueKind switch { JsonValueKind.True => 1, JsonValueKind.False => 0, _ => parameters[1].GetInt32() };
        return verbosity switch
        {
            0 => $"\"{Hex(block.Raw.Span)}\"",
            1 => $$"""{"hash":"{{block.Hash}}","previousblockhash":"{{block.Header.Previous}}","height":{{block.Height}},"tx":[{{string.Join(',', block.Transactions.Select(static item => $"\"{item.Id}\""))}}]}""",
            _ => throw new RefusedException(-8, "Verbosity must be 0 or 1"),
        };
    }

    string Mempool(bool numbered)
    {
        var ids = $"[{string.Join(',', Waiting().Select(static waiting => $"\"{waiting.Id}\""))}]";
        return numbered ? $$"""{"txids":{{ids}},"mempool_sequence":{{Chain.MempoolSequence}}}""" : ids;
    }

    string Unspent(OutPoint place)
    {
        if (Chain.Fate(place.Transaction) is not { State: SimState.Confirmed } fate || place.Index >= fate.Transaction.Outputs.Count) return "null";
        var output = fate.Transaction.Outputs[(int)place.Index];
        return Chain.CoinsOf(output.Script, afterMempool: false).Any(coin => coin.OutPoint == place)
            ? $$$"""{"value":{{{Coins(output.Value)}}},"scriptPubKey":{"hex":"{{{Hex(output.Script.Span)}}}"}}"""
            : "null";
    }

    List<SimTransaction> Waiting() => [.. Chain.Mempool.Where(waiting => !forgotten.Contains(waiting.Id))];

    SimTransaction Waits(JsonElement id)
    {
        var wanted = Id32(id);
        return Chain.Fate(wanted) is { State: SimState.Waiting } fate && !forgotten.Contains(wanted)
            ? fate.Transaction
            : throw new RefusedException(-5, "No such mempool transaction");
    }

    SimBlock Find(JsonElement hash)
    {
        var wanted = hash.GetString()!;
        if (wanted == genesis.ToString()) return Chain.BlockAt(0)!;
        return Chain.FindBlock(new BlockHash(Hash256.Parse(wanted))) is { } block && (pinned is null || block.Height <= pinned.Height)
            ? block
            : throw new RefusedException(-5, "Block not found");
    }

    SimBlock? At(long height)
    {
        if (height > Tip.Height) return null;
        if (pinned is null || Chain.IsInBestChain(pinned)) return Chain.BlockAt(height);
        var step = pinned;
        while (step is not null && step.Height > height) step = Chain.FindBlock(step.Header.Previous);
        return step;
    }

    string Named(SimBlock block) => (block.Height == 0 ? genesis : block.Hash).ToString();

    static TxHash Id32(JsonElement id) => new(Hash256.Parse(id.GetString()!));

    static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    static string Coins(long units) => (units / 100_000_000m).ToString("0.00000000", CultureInfo.InvariantCulture);

#pragma warning disable CA1064 // never leaves this class
    sealed class RefusedException(int code, string message) : Exception(message)
    {
        public int Code { get; } = code;
    }
#pragma warning restore CA1064
}

/// <summary>Turns a node's honest answers into others.</summary>
public interface IReplySpoiler
{
    /// <summary>What is answered without even looking at the question; null: look.</summary>
    WireAnswer? Instead(JsonElement request);

    /// <summary>Another result (as JSON) for one call; null: the honest one.</summary>
    string? Change(string method, string result, SimulatedRpcNode node);

    /// <summary>The replies of a batch in another order or number; null: as they are.</summary>
    List<string>? Arrange(List<string> replies);

    /// <summary>Other bytes for a whole answer; null: honest ones.</summary>
    WireAnswer? Spoil(JsonElement request, string body);
}
