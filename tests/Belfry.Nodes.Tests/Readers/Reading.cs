using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Core.Watches;
using Belfry.Nodes.Bitcoin.Readers;

namespace Belfry.Nodes.Tests.Readers;

/// <summary>Shorthand of the reader tests.</summary>
static class Reading
{
    public const TransactionFormat Litecoin = TransactionFormat.Segwit | TransactionFormat.Mweb;

    public static BitcoinDecoder Decoder(TransactionFormat format = TransactionFormat.Segwit) => new(format, Nothing.Instance);

    public static WatchIndex Index() => new(new FingerprintKey(SystemEntropy.Instance));

    public static byte[] Data(string path) => File.ReadAllBytes(TestKit.SharedData.Path(path));

    public static byte[] Hex(string path) => Convert.FromHexString(File.ReadAllText(TestKit.SharedData.Path(path)).Trim());

    /// <summary>The form of a locking script, by its bytes; told apart here without the product's own classification.</summary>
    public static string TypeOf(ReadOnlySpan<byte> script) => script switch
    {
        [0x6a, ..] => "op_return",
        [0x00, 0x14, ..] when script.Length == 22 => "p2wpkh",
        [0x00, 0x20, ..] when script.Length == 34 => "p2wsh",
        [0x51, 0x20, ..] when script.Length == 34 => "p2tr",
        [0xa9, 0x14, .., 0x87] when script.Length == 23 => "p2sh",
        [0x76, 0xa9, 0x14, .., 0x88, 0xac] when script.Length == 25 => "p2pkh",
        _ => "other",
    };

    public static Facts Describe(byte[] raw, TransactionFormat format = TransactionFormat.Segwit)
    {
        var facts = new Facts();
        var scripts = new HashSet<Script>();
        var ids = new HashSet<TxHash>();
        var spenders = new List<(int Position, TxHash Previous)>();
        var block = new BlockReader(raw, format);
        for (var position = 0; block.MoveNext(); position++)
        {
            var transaction = block.Current;
            facts.Transactions++;
            if (transaction.HasWitness) facts.Segwit++;
            ids.Add(transaction.ComputeId());
            foreach (var input in transaction.Inputs)
            {
                facts.Inputs++;
                spenders.Add((position, input.Previous.Transaction));
            }

            foreach (var output in transaction.Outputs)
            {
                facts.Outputs++;
                scripts.Add(new Script(output.Script));
                var type = TypeOf(output.Script);
                facts.Types[type] = facts.Types.GetValueOrDefault(type) + 1;
                if (position == 0) facts.CoinbaseValue += output.Value;
            }
        }

        facts.Scripts = scripts.Count;
        facts.SpendInBlock = spenders.Where(spender => ids.Contains(spender.Previous)).Select(spender => spender.Position).Distinct().Count();
        return facts;
    }

    public sealed class Facts
    {
        public int Transactions, Segwit, Inputs, Outputs, Scripts, SpendInBlock;
        public long CoinbaseValue;

        public Dictionary<string, int> Types { get; } = [];
    }

    sealed class Nothing : IScriptInference
    {
        public static Nothing Instance { get; } = new();

        public Script? Infer(InputView input) => null;
    }
}
