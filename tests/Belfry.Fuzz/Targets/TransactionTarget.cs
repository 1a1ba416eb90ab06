using Belfry.Core.Chains;
using Belfry.Core.Watches;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.Nodes.Bitcoin.Readers;

namespace Belfry.Fuzz.Targets;

/// <summary>The transaction reader: against a plain one, back into bytes, and matching against decoding.</summary>
sealed class TransactionTarget : FuzzTarget
{
    readonly WatchIndex index = new(new FingerprintKey(new Nodes.Simnet.SeededEntropy(1)));

    public override IReadOnlyList<byte[]> Seeds => [.. ConsensusSamples.Transactions()];

    public override IReadOnlyList<string> Scope => ["Belfry.Nodes.Bitcoin.Readers.TransactionReader", "Belfry.Nodes.Bitcoin.Readers.TransactionWriter", "Belfry.Nodes.Bitcoin.Readers.WireReader",
        "Belfry.Nodes.Bitcoin.Readers.MwebTransaction", "Belfry.Nodes.Bitcoin.Readers.CashTokenPrefix", "Belfry.Nodes.Bitcoin.Readers.InputSequence", "Belfry.Nodes.Bitcoin.Readers.OutputSequence",
        "Belfry.Nodes.Bitcoin.Readers.WitnessSequence"];

    public override bool Run(byte[] input)
    {
        if (input.Length == 0) return false;
        var format = ConsensusSamples.FormatOf(input[0]);
        var raw = input[1..];
        var accepted = Decodes(() =>
        {
            var allocation = Allocation.Start();
            TransactionReader.Read(raw, format).ComputeId();
            allocation.Check(raw.Length);
        });
        if (!format.Has(TransactionFormat.Mweb)) CompareWithPlain(raw, format, accepted);
        if (!accepted) return false;
        CheckRoundTrip(raw, format);
        CheckMatching(raw, format);
        return true;
    }

    static void CompareWithPlain(byte[] raw, TransactionFormat format, bool accepted)
    {
        var plain = PlainTransaction.Read(raw, 0, format.Has(TransactionFormat.Segwit));
        Expect(accepted == (plain is not null && plain.End == raw.Length), "both readers accept the same bytes");
        if (!accepted) return;
        var transaction = TransactionReader.Read(raw, format);
        Expect(transaction.ComputeId() == new TxHash(Hash256.FromWire(plain!.Id)), "both readers find the same id");
        Expect(transaction.ComputeWitnessId() == Hash256.FromWire(plain.WitnessId), "both readers find the same witness id");
        Expect(transaction.InputCount == plain.Spends.Count && transaction.OutputCount == plain.Outputs.Count, "both readers count the same inputs and outputs");
        var place = 0;
        foreach (var read in transaction.Inputs) Expect(read.PreviousWire.SequenceEqual(plain.Spends[place++]), "both readers see the same spend");
        place = 0;
        foreach (var read in transaction.Outputs)
        {
            Expect(read.Value == plain.Outputs[place].Value && read.WholeScript.SequenceEqual(plain.Outputs[place].Script), "both readers see the same output");
            place++;
        }
    }

    static void CheckRoundTrip(byte[] raw, TransactionFormat format)
    {
        var transaction = TransactionReader.Read(raw, format);
        if (transaction.Mweb.Length > 0 || transaction.IsHogEx) return;
        var inputs = new List<RawInput>();
        foreach (var read in transaction.Inputs)
        {
            var items = new List<ReadOnlyMemory<byte>>();
            if (transaction.HasWitness) foreach (var item in read.Witness) items.Add(item.ToArray());
            inputs.Add(new RawInput(read.Previous, read.SignatureScript.ToArray(), read.Sequence, items));
        }

        var outputs = new List<RawOutput>();
        foreach (var read in transaction.Outputs) outputs.Add(new RawOutput(read.Value, read.WholeScript.ToArray()));
        var written = TransactionWriter.Write(new RawTransaction(transaction.Version, inputs, outputs, transaction.LockTime));
        Expect(written.AsSpan().SequenceEqual(raw), "what was read is written as the same bytes");
    }

    void CheckMatching(byte[] raw, TransactionFormat format)
    {
        var decoder = new BitcoinDecoder(format, new ClaimedScripts(RulesOf(format)));
        var whole = decoder.DecodeTransaction(raw);
        Expect(decoder.MatchTransaction(raw, index).Match is null, "nothing is matched when nothing is watched");
        if (whole.Outputs.Count > 0) Watch(decoder, raw, whole, whole.Outputs[raw[^1] % whole.Outputs.Count].Script, null);
        if (whole.Inputs.Count > 0) Watch(decoder, raw, whole, null, whole.Inputs[raw[^1] % whole.Inputs.Count].Previous);
    }

    void Watch(BitcoinDecoder decoder, byte[] raw, ChainTransaction whole, Script? script, OutPoint? outPoint)
    {
        if (script is not null) index.Add(script);
        if (outPoint is { } point) index.Add(point);
        var match = decoder.MatchTransaction(raw, index);
        if (script is not null) index.Remove(script);
        if (outPoint is { } same) index.Remove(same);
        Expect(match.Match is not null, "what is watched is matched");
        Expect(match.Id == whole.Id && match.Match!.Inputs.SequenceEqual(whole.Inputs) && match.Match.Outputs.SequenceEqual(whole.Outputs), "matching and decoding see the same transaction");
    }

    internal static ScriptRules RulesOf(TransactionFormat format) =>
        format.Has(TransactionFormat.Mweb) ? ScriptRules.Segwit | ScriptRules.Mweb
        : format.Has(TransactionFormat.Segwit) ? ScriptRules.Segwit | ScriptRules.Anchor
        : format.Has(TransactionFormat.CashTokens) ? ScriptRules.P2sh32 : ScriptRules.None;
}
