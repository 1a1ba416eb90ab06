using System.Collections.Concurrent;
using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Encodings;

namespace Belfry.Load.Node;

/// <summary>
/// A node as Belfry sees one: JSON-RPC and ZeroMQ on loopback, regtest's genesis block, a mempool. It answers from memory, so that what is measured is the server and
/// not the node; no consensus is behind it.
/// </summary>
sealed class BenchNode : IDisposable
{
    readonly RpcServer rpc;
    readonly ConcurrentDictionary<string, byte[]> mempool = new();
    readonly ConcurrentQueue<string> order = new();
    readonly long started = Environment.TickCount64;
    long bytes;
    long calls;

    /// <summary>Starts a node.</summary>
    /// <param name="block">The block whose transactions all blocks of its chain have; null: the chain stays at its genesis block.</param>
    public BenchNode(byte[]? block = null)
    {
        Chain = new BenchChain(BitcoinNetworks.Find(new ChainId("btc"), "regtest").Genesis.ToString(), block);
        rpc = new RpcServer(Answer);
    }

    public BenchChain Chain { get; }

    public ZmqPublisher Zmq { get; } = new();

    public Uri RpcUrl => new($"http://bench:bench@127.0.0.1:{rpc.Port}");

    /// <summary>Publishes without keeping: the mempool stays empty, as if every transaction were mined at once.</summary>
    public bool Forgetful { get; init; }

    /// <summary>How often it was asked.</summary>
    public long Calls => Volatile.Read(ref calls);

    /// <summary>A transaction enters the mempool and is published.</summary>
    public void Announce(string id, byte[] raw)
    {
        if (!Forgetful)
        {
            mempool[id] = raw;
            order.Enqueue(id);
            Interlocked.Add(ref bytes, raw.Length);
        }

        Zmq.Publish("rawtx", raw);
    }

    /// <summary>Blocks come, and the tip is published.</summary>
    public void Mine(int count)
    {
        Chain.Extend(count);
        Zmq.Publish("hashblock", Convert.FromHexString(Chain.HashAt(Chain.Height)));
    }

    public void Dispose()
    {
        Zmq.Dispose();
        rpc.Dispose();
    }

    void Answer(string method, JsonElement parameters, Utf8JsonWriter json)
    {
        Interlocked.Increment(ref calls);
        switch (method)
        {
            case "getblockhash":
                json.WriteStringValue(Chain.HashAt(parameters[0].GetInt32()));
                break;
            case "getbestblockhash":
                json.WriteStringValue(Chain.HashAt(Chain.Height));
                break;
            case "getblock" when parameters[1].ValueKind == JsonValueKind.False:
                json.WriteRawValue(Chain.Raw(parameters[0].GetString()!), skipInputValidation: true);
                break;
            case "getnetworkinfo":
                json.WriteRawValue("""{"version":270000,"subversion":"/BelfryLoad:1.0/"}""");
                break;
            case "uptime":
                json.WriteNumberValue((Environment.TickCount64 - started) / 1000);
                break;
            case "getblockchaininfo":
                json.WriteRawValue($$"""{"chain":"regtest","blocks":{{Chain.Height}},"headers":{{Chain.Height}},"bestblockhash":"{{Chain.HashAt(Chain.Height)}}","initialblockdownload":false}""");
                break;
            case "getblockheader":
                json.WriteRawValue(Chain.Describe(parameters[0].GetString()!));
                break;
            case "getzmqnotifications":
                json.WriteRawValue($$"""[{"type":"pubrawtx","address":"tcp://127.0.0.1:{{Zmq.Port}}"},{"type":"pubhashblock","address":"tcp://127.0.0.1:{{Zmq.Port}}"}]""");
                break;
            case "getmempoolinfo":
                json.WriteRawValue($$"""{"loaded":true,"size":{{mempool.Count}},"bytes":{{Volatile.Read(ref bytes)}}}""");
                break;
            case "getrawmempool":
                WriteMempool(json);
                break;
            case "getrawtransaction":
                if (mempool.TryGetValue(parameters[0].GetString()!, out var raw)) json.WriteStringValue(Convert.ToHexStringLower(raw));
                else throw new RpcRefusal(-5, "No such mempool transaction");
                break;
            case "gettxout":
                // Every coin that is asked for exists and is worth ten: somebody else's money.
                json.WriteRawValue("""{"bestblock":"","confirmations":7,"value":10.00000000,"scriptPubKey":{"hex":"00140102030405060708090a0b0c0d0e0f1011121314"},"coinbase":false}""");
                break;
            case "getindexinfo":
                json.WriteRawValue("{}");
                break;
            default:
                throw new RpcRefusal(-32601, "Method not found");
        }
    }

    void WriteMempool(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteStartArray("txids");
        foreach (var id in order) json.WriteStringValue(id);
        json.WriteEndArray();
        json.WriteNumber("mempool_sequence", order.Count);
        json.WriteEndObject();
    }
}
