using Belfry.Core.Chains;
using Belfry.Core.Watches;
using Belfry.Nodes.Bitcoin.Readers;

namespace Belfry.Fuzz.Targets;

/// <summary>
/// The block reader. A changed transaction changes the merkle root, so that nearly every input would end there: the root is put right first. Then the matching pass is
/// compared with a plain reading of the same block.
/// </summary>
sealed class BlockTarget : FuzzTarget
{
    const int RootAt = 36;
    readonly FingerprintKey key = new(new Nodes.Simnet.SeededEntropy(1));

    public override IReadOnlyList<byte[]> Seeds => [.. ConsensusSamples.Blocks()];

    public override IReadOnlyList<string> Scope => ["Belfry.Nodes.Bitcoin.Readers"];

    public override bool Run(byte[] input)
    {
        if (input.Length == 0) return false;
        var format = ConsensusSamples.FormatOf(input[0]);
        var raw = input[1..];
        var decoder = new BitcoinDecoder(format, new ClaimedScripts(TransactionTarget.RulesOf(format)));
        var index = new WatchIndex(key);
        if (raw.Length > RootAt + 32 && raw[RootAt] != 0xff) Mend(raw, format);
        var accepted = Decodes(() =>
        {
            var allocation = Allocation.Start();
            decoder.MatchBlock(raw, index);
            allocation.Check(raw.Length);
        });
        var summary = Summary(raw, format);
        Expect(accepted == (summary is { MerkleRootHolds: true }), "counting and matching accept the same blocks");
        if (!format.Has(TransactionFormat.Mweb | TransactionFormat.AuxPow)) CompareWithPlain(decoder, raw, format.Has(TransactionFormat.Segwit), accepted);
        return accepted;
    }

    static void Mend(byte[] raw, TransactionFormat format)
    {
        var ids = new List<byte[]>();
        Decodes(() =>
        {
            var block = new BlockReader(raw, format);
            var id = new byte[32];
            while (block.MoveNext())
            {
                block.Current.WriteId(id);
                ids.Add([.. id]);
            }
        });
        if (ids.Count > 0) PlainTransaction.MerkleRoot(ids).Root.CopyTo(raw, RootAt);
    }

    static BlockSummary? Summary(byte[] raw, TransactionFormat format)
    {
        BlockSummary? summary = null;
        Decodes(() => summary = BlockSummary.Read(raw, format, TransactionTarget.RulesOf(format)));
        return summary;
    }

    void CompareWithPlain(BitcoinDecoder decoder, byte[] raw, bool segwit, bool accepted)
    {
        var plain = PlainTransaction.ReadBlock(raw, segwit);
        var merkle = plain is null ? default : PlainTransaction.MerkleRoot(plain.Select(transaction => transaction.Id));
        Expect(accepted == (plain is not null && merkle.Sound && merkle.Root.AsSpan().SequenceEqual(raw.AsSpan(RootAt, 32))), "both readers accept the same blocks");
        // Token prefixes are stripped before matching, which the plain reader does not know.
        if (plain is null || !accepted || !segwit) return;
        var index = new WatchIndex(key);
        var watched = new HashSet<string>();
        var points = new HashSet<string>();
        foreach (var (transaction, place) in plain.Select((transaction, place) => (transaction, place)))
        {
            foreach (var (_, script) in transaction.Outputs.Where((_, at) => (at + place + raw[4]) % 3 == 0).Take(3))
            {
                if (watched.Add(Convert.ToHexString(script))) index.Add(new Script(script));
            }

            foreach (var spend in transaction.Spends.Where((_, at) => (at + place + raw[4]) % 5 == 0).Take(3))
            {
                if (points.Add(Convert.ToHexString(spend))) index.Add(OutPoint.FromWire(spend));
            }
        }

        var own = plain.SelectMany(transaction => transaction.Outputs.Select((output, at) => (output, at)).Where(pair => watched.Contains(Convert.ToHexString(pair.output.Script)))
            .Select(pair => Convert.ToHexString([.. transaction.Id, .. BitConverter.GetBytes(pair.at)]))).ToHashSet();
        var expected = plain.Select((transaction, place) => (transaction, place)).Where(pair => pair.transaction.Outputs.Exists(output => watched.Contains(Convert.ToHexString(output.Script)))
            || pair.transaction.Spends.Exists(spend => points.Contains(Convert.ToHexString(spend)) || own.Contains(Convert.ToHexString(spend)))).Select(pair => pair.place);
        var found = decoder.MatchBlock(raw, index);
        Expect(found.Matches.Select(match => match.Position).SequenceEqual(expected), "matching finds exactly the transactions that a plain reader finds");
        Expect(found.Matches.All(match => match.Id == new TxHash(Hash256.FromWire(plain[match.Position].Id))), "matches carry the ids of a plain reader");
    }
}
