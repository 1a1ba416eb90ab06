using System.Text;
using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin.Readers;
using Belfry.Nodes.Bitcoin.Rpc;
using Belfry.Nodes.Tests.Rpc;
using Belfry.Nodes.Tests.Sources;
using Belfry.TestKit;
using Belfry.TestKit.Hostile;
using Shouldly;
using static Belfry.Nodes.Tests.Rpc.ScriptedHttpNode;

namespace Belfry.Nodes.Tests.Hostile;

/// <summary>A node that answers nonsense: wrong types, wrong ids, deep nesting, huge numbers, cut answers, blocks and transactions that were not asked for.</summary>
public sealed class HostileNodeTests(ITestOutputHelper output)
{
    const string Hash = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206";

    static readonly (string Result, Func<BitcoinRpc, CancellationToken, Task> Ask)[] Questions =
    [
        ($$"""{"chain":"regtest","blocks":101,"bestblockhash":"{{Hash}}","initialblockdownload":false}""", (rpc, token) => rpc.ReadChainInfoAsync(token)),
        ($$"""{"hash":"{{Hash}}","height":5,"time":1640995200,"chainwork":"00ff","confirmations":3,"previousblockhash":"{{Hash}}","nextblockhash":"{{Hash}}"}""", (rpc, token) => rpc.ReadHeaderAsync(BlockHash.Parse(Hash), token)),
        ($"\"{Hash}\"", (rpc, token) => rpc.ReadHashAsync(5, token)), ("\"00ff00ff\"", (rpc, token) => rpc.ReadBlockAsync(BlockHash.Parse(Hash), token)),
        ($$"""{"tx":["{{Hash}}","{{Hash}}"],"previousblockhash":"{{Hash}}"}""", (rpc, token) => rpc.ReadBlockContentsAsync(BlockHash.Parse(Hash), token)),
        ("""{"size":5,"bytes":100,"loaded":true}""", (rpc, token) => rpc.ReadMempoolInfoAsync(token)), ($$"""{"txids":["{{Hash}}"],"mempool_sequence":7}""", (rpc, token) => rpc.ReadMempoolAsync(token)),
        ("""{"fees":{"base":0.00000210},"fee":1e-8}""", (rpc, token) => rpc.ReadMempoolFeeAsync(TxHash.Parse(Hash), token)),
        ("""{"value":0.5,"scriptPubKey":{"hex":"0014"}}""", (rpc, token) => rpc.ReadUnspentAsync([new OutPoint(TxHash.Parse(Hash), 0), new OutPoint(TxHash.Parse(Hash), 1)], token)),
        ($$$$"""{"tx":[{"vin":[{"txid":"{{{{Hash}}}}","vout":1,"prevout":{"value":0.1,"scriptPubKey":{"hex":"51"}}}]}]}""", (rpc, token) => rpc.ReadBlockPrevoutsAsync(BlockHash.Parse(Hash), token)),
        ("7", (rpc, token) => rpc.ReadUptimeAsync(token)), ("""[{"type":"pubrawtx","address":"tcp://127.0.0.1:1"}]""", (rpc, token) => rpc.ReadZmqPublicationsAsync(token)),
        ($$"""[{"status":"invalid","hash":"{{Hash}}"}]""", (rpc, token) => rpc.IsInvalidAsync(BlockHash.Parse(Hash), token)), ("\"00ff\"", (rpc, token) => rpc.ReadTransactionsAsync([TxHash.Parse(Hash)], token)),
        ("{}", (rpc, token) => rpc.ReadPresenceAsync([TxHash.Parse(Hash)], token)), ("""{"subversion":"/x:1/"}""", (rpc, token) => rpc.ReadSubversionAsync(token)),
    ];

    [Fact]
    public async Task Every_answer_is_a_value_or_an_outage_that_names_node_method_and_setting()
    {
        output.WriteLine($"seed {Storm.Seed}");
        using var faults = new UnobservedFaults();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        int refused = 0, taken = 0;
        await Storm.RunAsync(Storm.Count(10_000), lanes: 4, [.. new[] { "\"result\":", "\"error\":", "\"id\":", "null", "[", "{", "1e400", "\\ud800" }.Select(Encoding.UTF8.GetBytes)], () => ValueTask.FromResult(new Lane()), async (lane, _, mutator) =>
        {
            var (result, ask) = mutator.Pick(Questions);
            lane.Node.Answer = (_, request) => Corrupt(mutator, request, result);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            try
            {
                await ask(new BitcoinRpc(lane.Rpc, 8), patience.Token);
                Interlocked.Increment(ref taken);
            }
            catch (EndpointException problem)
            {
                Interlocked.Increment(ref refused);
                problem.Endpoint.ShouldStartWith("127.0.0.1:");
                problem.Setting.ShouldBe("Chains:btc:Rpc");
                problem.Message.Length.ShouldBeInRange(30, 1000, problem.Message);
                problem.Message.Any(char.IsControl).ShouldBeFalse(problem.Message);
                problem.Message.ShouldNotContain("secret");
            }
        });
        output.WriteLine($"{refused} refused, {taken} taken");
        refused.ShouldBeGreaterThan(Storm.Count(10_000) / 3);
        faults.Find().ShouldBeEmpty();
        // Ten thousand connections that kept their buffers would be ten times this; others run beside.
        await Eventually.HoldsAsync(() => GC.GetTotalMemory(forceFullCollection: true) - before < 128 << 20);
    }

    // The whole answer is corrupted now and then, mostly its JSON, sometimes the number of the call or the length of the body.
    static byte[] Corrupt(Mutator mutator, JsonElement request, string result)
    {
        var text = request.ValueKind == JsonValueKind.Array
            ? $"[{string.Join(',', request.EnumerateArray().Select(call => $$"""{"result":{{result}},"error":null,"id":{{call.GetProperty("id")}}}"""))}]"
            : $$"""{"result":{{result}},"error":null,"id":{{request.GetProperty("id")}}}""";
        var body = JsonMutator.Mutate(mutator, text, 50_000);
        var head = $"HTTP/1.1 {mutator.Pick([200, 200, 200, 200, 500, 404, 403, 401, 429, 503, 301, 204])} x\r\nContent-Type: application/json\r\n";
        head += mutator.Below(20) switch
        {
            0 => $"Content-Length: {body.Length + 1 + mutator.Below(1000)}\r\nConnection: close\r\n\r\n",
            1 => $"Content-Length: {int.MaxValue}\r\nConnection: close\r\n\r\n",
            2 => "Content-Length: 200000000\r\nConnection: close\r\n\r\n",
            3 => "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\nffffffff\r\n",
            _ => $"Content-Length: {body.Length}\r\nConnection: close\r\n\r\n",
        };
        byte[] answer = [.. Encoding.ASCII.GetBytes(head), .. body];
        return mutator.Once(10) ? mutator.Mutate(answer, 60_000) is { Length: > 0 } mangled ? [.. mangled, .. "Connection: close"u8] : answer : answer;
    }

    [Fact]
    public async Task A_number_of_a_million_digits_costs_nothing()
    {
        var digits = new string('9', 900_000);
        await using var node = new ScriptedHttpNode { Answer = (_, request) => Result(request, $$"""{"fee":{{digits}}}""") };
        using var rpc = node.Connect();
        var begun = System.Diagnostics.Stopwatch.StartNew();
        (await Should.ThrowAsync<EndpointException>(() => new BitcoinRpc(rpc, 8).ReadMempoolFeeAsync(TxHash.Parse(Hash), CancellationToken.None))).Message.ShouldContain("getmempoolentry");
        begun.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_length_that_is_only_claimed_takes_no_memory()
    {
        await using var node = new ScriptedHttpNode { Answer = (_, _) => Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 250000000\r\nConnection: close\r\n\r\n{") };
        using var rpc = node.Connect(new RpcOptions { Attempts = 1 });
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await Should.ThrowAsync<EndpointException>(() => new BitcoinRpc(rpc, 8).ReadBlockAsync(BlockHash.Parse(Hash), CancellationToken.None));
        (GC.GetTotalAllocatedBytes(precise: true) - before).ShouldBeLessThan(100 << 20);
    }

    [Fact]
    public async Task A_block_whose_bytes_went_wrong_is_asked_for_again_and_not_kept()
    {
        var (hash, good) = Block();
        var bad = good.ToArray();
        bad[^1] ^= 1;
        var answers = new Queue<byte[]>([bad, bad, good]);
        await using var node = Answering(answers);
        await using var source = SourceFixture.Open("btc", node.Url);
        var first = await source.ReadBlockAsync(hash, CancellationToken.None);
        first!.Value.ToArray().ShouldBe(bad, "who reads it finds out, by the merkle root");
        (await source.ReadBlockAsync(hash, CancellationToken.None))!.Value.ToArray().ShouldBe(bad);
        (await source.ReadBlockAsync(hash, CancellationToken.None))!.Value.ToArray().ShouldBe(good);
        (await source.ReadBlockAsync(hash, CancellationToken.None))!.Value.ToArray().ShouldBe(good, "a sound one is kept");
        answers.ShouldBeEmpty();
    }

    [Fact]
    public async Task Outputs_of_another_transaction_than_the_one_asked_for_are_refused()
    {
        var wrong = TransactionWriter.Write(Pay(7));
        var asked = TransactionWriter.Id(Pay(8));
        string Say(JsonElement call) => call.GetProperty("method").GetString() switch
        {
            "gettxout" => "null",
            "getblockhash" => $"\"{Hash}\"",
            "getnetworkinfo" => """{"subversion":"/x:1/"}""",
            _ => $"\"{Convert.ToHexString(wrong)}\"",
        };
        await using var node = new ScriptedHttpNode
        {
            Answer = (_, request) => request.ValueKind == JsonValueKind.Array
                ? Http($"[{string.Join(',', request.EnumerateArray().Select(call => $$"""{"result":{{Say(call)}},"error":null,"id":{{call.GetProperty("id")}}}"""))}]")
                : Result(request, Say(request)),
        };
        await using var source = SourceFixture.Open("btc", node.Url);
        var spender = new ChainTransaction { Id = asked, IsCoinbase = false, Position = -1, Inputs = [new TxInput(new OutPoint(asked, 0), null)], Outputs = [] };
        (await Should.ThrowAsync<EndpointException>(async () => await source.ReadPrevoutsAsync(spender, null, CancellationToken.None))).Message.ShouldContain($"where {asked} was asked");
    }

    static RawTransaction Pay(byte amount) => new(2, [new RawInput(default, new byte[] { 1 }, 0)], [new RawOutput(amount, new byte[] { 0x51 })], 0);

    static (BlockHash Hash, byte[] Raw) Block()
    {
        var transaction = Pay(1);
        var header = new RawBlockHeader(4, default, TransactionWriter.MerkleRoot([TransactionWriter.Id(transaction)]), 1, 1, 1);
        return (TransactionWriter.Hash(header), TransactionWriter.WriteBlock(header, [transaction]));
    }

    static ScriptedHttpNode Answering(Queue<byte[]> blocks) => new()
    {
        Answer = (_, request) => request.GetProperty("method").GetString() switch
        {
            "getblockhash" => Result(request, $"\"{Hash}\""),
            "getnetworkinfo" => Result(request, """{"subversion":"/x:1/"}"""),
            _ => Result(request, $"\"{Convert.ToHexString(blocks.Dequeue())}\""),
        },
    };

    sealed class Lane : IAsyncDisposable
    {
        public Lane() => Rpc = Node.Connect(new RpcOptions { CallTimeout = TimeSpan.FromSeconds(10), ReadTimeout = TimeSpan.FromSeconds(10), BackoffBase = TimeSpan.FromMilliseconds(1), BackoffCap = TimeSpan.FromMilliseconds(2), Attempts = 2 });

        public ScriptedHttpNode Node { get; } = new() { Answer = (_, _) => [] };

        public NodeRpc Rpc { get; }

        public ValueTask DisposeAsync()
        {
            Rpc.Dispose();
            return Node.DisposeAsync();
        }
    }
}
