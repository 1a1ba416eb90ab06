using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Readers;
using Shouldly;

namespace Belfry.Nodes.Tests.Readers;

/// <summary>Bitcoin Core's transaction vectors, as far as decoding goes: they are all well-formed, valid or not.</summary>
public sealed class VectorTests
{
    [Theory]
    [InlineData("tx_valid.json", 120)]
    [InlineData("tx_invalid.json", 93)]
    public void Transactions_decode_and_spend_the_outputs_that_the_vector_names(string file, int expected)
    {
        var count = 0;
        using var json = JsonDocument.Parse(Reading.Data("btc/core-json/" + file));
        foreach (var vector in json.RootElement.EnumerateArray())
        {
            if (vector.GetArrayLength() == 1) continue;
            var transaction = TransactionReader.Read(Convert.FromHexString(vector[1].GetString()!), TransactionFormat.Segwit);
            var named = vector[0].EnumerateArray()
                .Select(previous => new OutPoint(TxHash.Parse(previous[0].GetString()), unchecked((uint)previous[1].GetInt64()))).ToHashSet();
            foreach (var input in transaction.Inputs) named.ShouldContain(input.Previous);
            ShouldWriteBack(transaction);
            count++;
        }

        count.ShouldBe(expected);
    }

    [Fact]
    public void Signature_hash_transactions_decode()
    {
        var count = 0;
        using var json = JsonDocument.Parse(Reading.Data("btc/core-json/sighash.json"));
        foreach (var vector in json.RootElement.EnumerateArray().Skip(1))
        {
            var transaction = TransactionReader.Read(Convert.FromHexString(vector[0].GetString()!), TransactionFormat.Segwit);
            transaction.InputCount.ShouldBeGreaterThan(vector[2].GetInt32());
            ShouldWriteBack(transaction);
            count++;
        }

        count.ShouldBe(500);
    }

    [Fact]
    public void Block_filter_vectors_hold_blocks_that_decode()
    {
        using var json = JsonDocument.Parse(Reading.Data("btc/core-json/blockfilters.json"));
        foreach (var vector in json.RootElement.EnumerateArray().Skip(1))
        {
            Reading.Decoder().MatchBlock(Convert.FromHexString(vector[2].GetString()!), Reading.Index()).Hash.ToString().ShouldBe(vector[1].GetString());
        }
    }

    static void ShouldWriteBack(TransactionReader transaction)
    {
        var copy = Copying.Copy(transaction);
        TransactionWriter.Write(copy).ShouldBe(transaction.Raw.ToArray());
        TransactionWriter.Id(copy).ShouldBe(transaction.ComputeId());
        TransactionWriter.WitnessId(copy).ShouldBe(transaction.ComputeWitnessId());
    }
}

static class Copying
{
    /// <summary>The transaction as the writer takes it.</summary>
    public static RawTransaction Copy(TransactionReader transaction)
    {
        var inputs = new List<RawInput>();
        foreach (var input in transaction.Inputs)
        {
            var witness = new List<ReadOnlyMemory<byte>>();
            foreach (var item in input.Witness) witness.Add(item.ToArray());
            inputs.Add(new RawInput(input.Previous, input.SignatureScript.ToArray(), input.Sequence, witness));
        }

        var outputs = new List<RawOutput>();
        foreach (var output in transaction.Outputs) outputs.Add(new RawOutput(output.Value, output.WholeScript.ToArray()));
        return new RawTransaction(transaction.Version, inputs, outputs, transaction.LockTime);
    }
}
