using System.Buffers.Binary;
using System.Text;
using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.Nodes.Bitcoin.Readers;

namespace Belfry.Load.Node;

/// <summary>One transaction, ready to be published.</summary>
/// <param name="Id">Display form.</param>
/// <param name="IdText">The same as ASCII.</param>
/// <param name="Raw">Wire form.</param>
sealed record Payment(string Id, byte[] IdText, byte[] Raw);

/// <summary>Makes transactions as wallets do: one segwit input of somebody else's, a payment and change. Every one has another id.</summary>
sealed class Payments
{
    static readonly BitcoinNetwork Network = BitcoinNetworks.Find(new ChainId("btc"), "regtest");
    readonly BitcoinAddressCodec codec = new(Network);
    readonly Random random;
    long made;

    public Payments(int seed) => random = new Random(seed);

    /// <summary>Draws addresses to watch.</summary>
    public IReadOnlyList<(string Address, byte[] Script)> DrawAddresses(int count)
    {
        var drawn = new (string, byte[])[count];
        for (var i = 0; i < count; i++)
        {
            var script = Script();
            drawn[i] = (codec.Write(script)!, script);
        }

        return drawn;
    }

    /// <summary>Pays a script; null pays a stranger.</summary>
    public Payment Pay(byte[]? script)
    {
        var previous = new byte[OutPoint.WireSize];
        random.NextBytes(previous);
        BinaryPrimitives.WriteUInt32LittleEndian(previous.AsSpan(32), 1);
        var signature = new byte[71];
        var key = new byte[33];
        random.NextBytes(signature);
        random.NextBytes(key);
        key[0] = 2;
        var transaction = new RawTransaction(
            2,
            [new RawInput(OutPoint.FromWire(previous), default, 0xfffffffd, [signature, key])],
            [new RawOutput(10_000 + (made++ % 1_000_000), script ?? Script()), new RawOutput(900_000_000, Script())],
            0);
        var id = TransactionWriter.Id(transaction).ToString();
        return new Payment(id, Encoding.ASCII.GetBytes(id), TransactionWriter.Write(transaction));
    }

    byte[] Script()
    {
        var script = new byte[22];
        random.NextBytes(script);
        (script[0], script[1]) = (0, 20);
        return script;
    }
}
