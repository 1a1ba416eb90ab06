using System.Text.Json;
using Belfry.Core.Chains;

namespace Belfry.Nodes.Bitcoin.Rpc;

/// <summary>What <c>getblock h 3</c> told of the outputs that a block spends.</summary>
/// <param name="Offered">Whether the node gave previous outputs at all.</param>
/// <param name="Spends">Whether the block has any input that spends something.</param>
/// <param name="Outputs">What each input spends.</param>
sealed record BlockPrevouts(bool Offered, bool Spends, Dictionary<OutPoint, TxOutput> Outputs);

/// <summary>Reads spent outputs from answers, token by token: such an answer can have fifty megabytes.</summary>
static class PrevoutReader
{
    /// <summary>Reads <c>gettxout</c>: null when spent or unknown. The index is for the caller to fill in.</summary>
    public static TxOutput? ReadUnspent(ref Utf8JsonReader reader, int decimals)
    {
        if (!reader.Read()) throw new JsonException("expected an output");
        return reader.TokenType == JsonTokenType.Null ? null : CurrentOutput(ref reader, 0, decimals);
    }

    /// <summary>Reads <c>getblock h 3</c>.</summary>
    public static BlockPrevouts ReadBlock(ref Utf8JsonReader reader, int decimals)
    {
        var found = new Dictionary<OutPoint, TxOutput>();
        var spends = false;
        RpcReading.Expect(ref reader, JsonTokenType.StartObject, "a block");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isTransactions = reader.ValueTextEquals("tx"u8);
            reader.Read();
            if (!isTransactions || reader.TokenType != JsonTokenType.StartArray)
            {
                reader.Skip();
                continue;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.StartObject) spends |= ReadTransaction(ref reader, found, decimals);
        }

        return new BlockPrevouts(found.Count > 0, spends, found);
    }

    static bool ReadTransaction(ref Utf8JsonReader reader, Dictionary<OutPoint, TxOutput> found, int decimals)
    {
        var spends = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isInputs = reader.ValueTextEquals("vin"u8);
            reader.Read();
            if (!isInputs || reader.TokenType != JsonTokenType.StartArray)
            {
                reader.Skip();
                continue;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.StartObject) spends |= ReadInput(ref reader, found, decimals);
        }

        return spends;
    }

    static bool ReadInput(ref Utf8JsonReader reader, Dictionary<OutPoint, TxOutput> found, int decimals)
    {
        Hash256? id = null;
        uint? index = null;
        TxOutput? output = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("txid"u8))
            {
                id = RpcReading.ReadHash(ref reader);
            }
            else if (reader.ValueTextEquals("vout"u8))
            {
                reader.Read();
                index = reader.TokenType == JsonTokenType.Number && reader.TryGetUInt32(out var number) ? number : throw new JsonException("expected 'vout' to be an index");
            }
            else if (reader.ValueTextEquals("prevout"u8))
            {
                reader.Read();
                output = CurrentOutput(ref reader, 0, decimals);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        // A coinbase has no txid; an MWEB input has neither.
        if (id is not { } hash || index is not { } place) return false;
        if (output is { } spent) found[new OutPoint(new TxHash(hash), place)] = spent with { Index = place };
        return true;
    }

    static TxOutput CurrentOutput(ref Utf8JsonReader reader, uint index, int decimals)
    {
        if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException("expected an output");
        Amount? value = null;
        byte[]? script = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isValue = reader.ValueTextEquals("value"u8);
            var isScript = reader.ValueTextEquals("scriptPubKey"u8);
            reader.Read();
            if (isValue) value = RpcReading.CurrentAmount(ref reader, decimals);
            else if (isScript) script = CurrentScript(ref reader);
            else reader.Skip();
        }

        return new TxOutput(index, new Script(script ?? throw new JsonException("expected 'scriptPubKey.hex'")), value ?? throw new JsonException("expected 'value'"));
    }

    static byte[]? CurrentScript(ref Utf8JsonReader reader)
    {
        byte[]? script = null;
        if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException("expected a script");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isHex = reader.ValueTextEquals("hex"u8);
            reader.Read();
            if (isHex) script = RpcReading.CurrentHex(ref reader);
            else reader.Skip();
        }

        return script;
    }
}
