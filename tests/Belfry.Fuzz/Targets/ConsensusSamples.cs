using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Readers;

namespace Belfry.Fuzz.Targets;

/// <summary>Small valid transactions and blocks of every shape, to begin with.</summary>
static class ConsensusSamples
{
    static readonly TransactionFormat[] Formats = [TransactionFormats.Of("btc"), TransactionFormats.Of("ltc"), TransactionFormats.Of("bch"), TransactionFormats.Of("doge")];

    /// <summary>The format that an input's first byte selects.</summary>
    public static TransactionFormat FormatOf(byte selector) => Formats[selector % Formats.Length];

    /// <summary>Serialised transactions, the first byte selecting the format.</summary>
    public static IEnumerable<byte[]> Transactions()
    {
        byte[][] scripts =
        [
            [0x76, 0xa9, 20, .. Of(1, 20), 0x88, 0xac], [0xa9, 20, .. Of(2, 20), 0x87], [0, 20, .. Of(3, 20)], [0, 32, .. Of(4, 32)], [0x51, 32, .. Of(5, 32)], [0x6a, 4, 1, 2, 3, 4],
            [0xef, .. Of(6, 32), 0x72, 3, 1, 2, 3, 0xfd, 0x00, 0x01, 0x76, 0xa9, 20, .. Of(7, 20), 0x88, 0xac], [0x51, 33, 2, .. Of(8, 32), 0x51, 0xae],
        ];
        var outputs = scripts.Select((script, place) => new RawOutput(place * 1000L, script)).ToArray();
        var plain = TransactionWriter.Write(new RawTransaction(2, [Input([0x47, 0x30, .. Of(9, 70), 33, 2, .. Of(10, 32)])], outputs, 0));
        var segwit = TransactionWriter.Write(new RawTransaction(2, [Input([], [Of(11, 71), [2, .. Of(12, 32)]]), Input([22, 0, 20, .. Of(13, 20)], [Of(14, 64)])], [outputs[2], outputs[4]], 500));
        var many = TransactionWriter.Write(new RawTransaction(1, [.. Enumerable.Range(0, 3).Select(_ => Input([0]))], [.. Enumerable.Repeat(outputs[0], 260)], 0));
        byte[] hogEx = [2, 0, 0, 0, 0, 8, 1, .. Of(15, 36), 0, 255, 255, 255, 255, 1, .. Of(0, 8), 34, 0x58, 32, .. Of(16, 32), 0, 0, 0, 0, 0];
        byte[] mwebOnly = [2, 0, 0, 0, 0, 8, 0, 0, 1, .. Mweb(), 0, 0, 0, 0];
        byte[] pegIn = [2, 0, 0, 0, 0, 9, 1, .. Of(17, 36), 0, 255, 255, 255, 255, 1, .. Of(0, 8), 34, 0x59, 32, .. Of(18, 32), 1, 2, 9, 9, 1, .. Mweb(), 0, 0, 0, 0];
        yield return [0, .. plain];
        yield return [2, .. plain];
        yield return [0, .. segwit];
        yield return [0, .. many];
        yield return [1, .. segwit];
        yield return [1, .. hogEx];
        yield return [1, .. mwebOnly];
        yield return [1, .. pegIn];
        yield return [3, .. plain];
    }

    /// <summary>Serialised blocks, the first byte selecting the format.</summary>
    public static IEnumerable<byte[]> Blocks()
    {
        var coinbase = new RawTransaction(1, [new RawInput(default(OutPoint) with { Index = uint.MaxValue }, new byte[] { 3, 1, 2, 3 }, uint.MaxValue)], [new RawOutput(50, new byte[] { 0x51 })], 0);
        var second = new RawTransaction(2, [Input([0x51])], [new RawOutput(1, new byte[] { 0, 20, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 })], 0);
        var third = new RawTransaction(2, [new RawInput(new OutPoint(TransactionWriter.Id(second), 0), new byte[] { 0x51 }, 0, [new byte[] { 1 }, new byte[] { 2 }])], [new RawOutput(1, new byte[] { 0x52 })], 0);
        foreach (var transactions in (RawTransaction[][])[[coinbase], [coinbase, third, second], [coinbase, second, third, coinbase]])
        {
            var root = TransactionWriter.MerkleRoot([.. transactions.Select(TransactionWriter.Id)]);
            var block = TransactionWriter.WriteBlock(new RawBlockHeader(4, default, root, 1, 1, 1), transactions);
            for (byte chain = 0; chain < Formats.Length; chain++) yield return [chain, .. block];
        }

        // Merged mining: the parent's coinbase, its hash, two branches, the parent's header.
        var own = TransactionWriter.Write(coinbase);
        var header = TransactionWriter.WriteHeader(new RawBlockHeader(0x00620104, default, TransactionWriter.MerkleRoot([TransactionWriter.Id(coinbase)]), 1, 1, 1));
        yield return [3, .. header, .. own, .. Of(1, 32), 1, .. Of(2, 32), 0, 0, 0, 0, 0, 0, 0, 0, 0, .. Of(3, 80), 1, .. own];
        // A HogEx ends the transactions, the extension block follows.
        byte[] hogEx = [2, 0, 0, 0, 0, 8, 1, .. Of(15, 36), 0, 255, 255, 255, 255, 1, .. Of(0, 8), 34, 0x58, 32, .. Of(16, 32), 0, 0, 0, 0, 0];
        yield return [1, .. header, 2, .. own, .. hogEx, 1, 1, 2, 3, 4];
    }

    static RawInput Input(byte[] script, params byte[][] witness) =>
        new(OutPoint.FromWire([.. Of((byte)script.Length, 32), 1, 0, 0, 0]), script, 0xfffffffd, witness.Length == 0 ? null : [.. witness.Select(item => (ReadOnlyMemory<byte>)item)]);

    // Offsets, no input, one output with its range proof, one kernel of every feature.
    static byte[] Mweb() =>
    [
        .. Of(1, 64), 0, 1, .. Of(2, 99), 3, .. Of(3, 58), 1, 7, .. Of(4, 739), 1, 63, 0x81, 0x00, 5, 1, 3, 2, 0x51, 0x51, 9, .. Of(5, 33), 1, 8, .. Of(6, 97),
    ];

    static byte[] Of(byte value, int count) => [.. Enumerable.Repeat(value, count)];
}
