using System.Text.Json;
using Belfry.Nodes.Bitcoin.Rpc;

namespace Belfry.Fuzz.Targets;

/// <summary>Answers of a node: the envelope, and every reader of results over what it says is the result.</summary>
sealed class RpcTarget : FuzzTarget
{
    public override IReadOnlyList<byte[]> Seeds => Words(
        """{"result":{"chain":"regtest","blocks":101,"bestblockhash":"00000000000000000000000000000000000000000000000000000000000000aa","initialblockdownload":false},"error":null,"id":7}""",
        """{"result":null,"error":{"code":-5,"message":"Block not found"},"id":7}""",
        """[{"result":"0011ff","error":null,"id":1},{"id":2,"result":["00000000000000000000000000000000000000000000000000000000000000aa"]}]""",
        """{"id":"7","result":{"value":1.5e-3,"scriptPubKey":{"asm":"0","hex":"0014"}}}""", """{"jsonrpc":"2.0","id":7,"result":50.00000001}""",
        """{"result":{"tx":[{"txid":"00000000000000000000000000000000000000000000000000000000000000aa","vin":[{"txid":"00000000000000000000000000000000000000000000000000000000000000bb","vout":1,"prevout":{"value":0.1,"scriptPubKey":{"hex":"51"}}},{"coinbase":"00"}],"vout":[]}]},"id":1}""",
        """{"result":"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff","error":"text","id":null}""", """{"result":true,"id":18446744073709551616}""");

    public override IReadOnlyList<byte[]> Dictionary { get; } = Words(
        "\"result\":", "\"error\":", "\"id\":", "\"code\":", "\"message\":", "null", "true", "[", "{", "}", "]", "\"txid\":", "\"vin\":", "\"prevout\":", "\"value\":", "\"scriptPubKey\":", "\"hex\":", "1e400", "-0",
        "1e-999", "\\ud800", "\\u0000", "9007199254740993", "[[[[[[[[[[[[[[[[", "{\"a\":{\"a\":{\"a\":", "\u00e9", "-1e30", "0.000000001");

    public override IReadOnlyList<string> Scope => ["Belfry.Nodes.Bitcoin.Rpc.RpcEnvelope", "Belfry.Nodes.Bitcoin.Rpc.RpcReading", "Belfry.Nodes.Bitcoin.Rpc.RpcJson", "Belfry.Nodes.Bitcoin.Rpc.PrevoutReader"];

    public override bool Run(byte[] input)
    {
        RpcEnvelope envelope = default;
        var allocation = Allocation.Start();
        var one = Reads(() => envelope = RpcEnvelope.ReadOne(input));
        Reads(() => RpcEnvelope.ReadBatch(input, 16));
        allocation.Check(input.Length);
        if (!one) return false;
        Expect(envelope.ErrorMessage.Length <= 301 && !envelope.ErrorMessage.Any(char.IsControl), "a node's words are short and without control characters");
        if (envelope.ErrorCode is null) ReadResult(input[envelope.ResultStart..(envelope.ResultStart + envelope.ResultLength)]);
        return true;
    }

    static void ReadResult(byte[] result)
    {
        using (JsonDocument.Parse(result))
        {
            // What is called the result is one JSON value: else its readers would read something else.
        }

        With(result, static (ref reader) => RpcReading.ReadHex(ref reader));
        With(result, static (ref reader) => RpcReading.ReadHash(ref reader));
        With(result, static (ref reader) => RpcReading.ReadCount(ref reader));
        With(result, static (ref reader) => RpcReading.ReadHashes(ref reader));
        With(result, static (ref reader) => PrevoutReader.ReadUnspent(ref reader, 8));
        With(result, static (ref reader) => PrevoutReader.ReadBlock(ref reader, 8));
        With(result, static (ref reader) =>
        {
            reader.Read();
            return RpcReading.CurrentAmount(ref reader, 8);
        });
        Reads(() => RpcReading.ParseAmount(result, 8));
        With(result, static (ref reader) =>
        {
            var found = RpcJson.ReadObject(ref reader);
            _ = found.OptionalFlag("initialblockdownload");
            _ = found.OptionalText("subversion");
            _ = found.Text("chain") + found.Hash("bestblockhash") + found.Number("blocks");
            return RpcReading.ParseWork(found.Text("chainwork"));
        });
        CompareAmount(result);
    }

    // Every amount that a decimal can hold is the same number.
    static void CompareAmount(byte[] result)
    {
        var text = System.Text.Encoding.ASCII.GetString(result);
        if (result.Length > 20 || !decimal.TryParse(text, System.Globalization.NumberStyles.AllowLeadingSign | System.Globalization.NumberStyles.AllowDecimalPoint, null, out var number)) return;
        Reads(() => Expect((decimal)RpcReading.ParseAmount(result, 8).Units == number * 100_000_000m, "an amount is the number that stands there"));
    }

    static void With<T>(byte[] result, RpcParser<T> parser) => Reads(() =>
    {
        var allocation = Allocation.Start();
        var reader = new Utf8JsonReader(result);
        parser(ref reader);
        allocation.Check(result.Length);
    });

    // The refusals that NodeRpc turns into an outage with the method's name.
    static bool Reads(Action read)
    {
        try
        {
            read();
            return true;
        }
        catch (Exception refusal) when (refusal is JsonException or InvalidOperationException or FormatException or OverflowException)
        {
            return false;
        }
    }
}
