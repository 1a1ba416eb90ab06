using System.Buffers.Binary;
using Belfry.Core.Chains;

namespace Belfry.Nodes.Bitcoin.Readers;

/// <summary>An input in place.</summary>
public readonly ref struct InputView
{
    readonly ReadOnlySpan<byte> raw;

    internal InputView(ReadOnlySpan<byte> raw, ReadOnlySpan<byte> signatureScript, WitnessSequence witness)
    {
        this.raw = raw;
        SignatureScript = signatureScript;
        Witness = witness;
    }

    /// <summary>The output it spends, 36 bytes as on the wire.</summary>
    public ReadOnlySpan<byte> PreviousWire => raw[..OutPoint.WireSize];

    /// <summary>The output it spends.</summary>
    public OutPoint Previous => OutPoint.FromWire(PreviousWire);

    /// <summary>scriptSig.</summary>
    public ReadOnlySpan<byte> SignatureScript { get; }

    /// <summary>Sequence field.</summary>
    public uint Sequence => BinaryPrimitives.ReadUInt32LittleEndian(raw[^sizeof(uint)..]);

    /// <summary>Witness items in order.</summary>
    public WitnessSequence Witness { get; }
}

/// <summary>An output in place.</summary>
public readonly ref struct OutputView
{
    internal OutputView(long value, ReadOnlySpan<byte> script, TransactionFormat format)
    {
        Value = value;
        WholeScript = script;
        Script = format.Has(TransactionFormat.CashTokens) ? CashTokenPrefix.Strip(script) : script;
    }

    /// <summary>Base units; the bytes may hold anything, also a negative number.</summary>
    public long Value { get; }

    /// <summary>Locking script, without a token prefix.</summary>
    public ReadOnlySpan<byte> Script { get; }

    /// <summary>Locking script as serialised, with a token prefix where it has one.</summary>
    public ReadOnlySpan<byte> WholeScript { get; }
}

/// <summary>The inputs of a transaction that has been checked.</summary>
public ref struct InputSequence
{
    WireReader reader, witness;
    readonly bool hasWitness;
    int left;

    internal InputSequence(ReadOnlySpan<byte> data, int start, int count, int witnesses)
    {
        reader = new WireReader(data, start, "transaction");
        witness = new WireReader(data, Math.Max(witnesses, 0), "transaction");
        hasWitness = witnesses >= 0;
        left = count;
        if (count > 0) reader.ReadCompactSize("input count");
        Current = default;
    }

    /// <summary>The input reached.</summary>
    public InputView Current { get; private set; }

    /// <summary>For <c>foreach</c>.</summary>
    public readonly InputSequence GetEnumerator() => this;

    /// <summary>Goes to the next input.</summary>
    public bool MoveNext()
    {
        if (left == 0) return false;
        left--;
        var start = reader.Position;
        reader.Skip(OutPoint.WireSize, "outpoint");
        var script = reader.TakeBytes("scriptSig");
        reader.Skip(sizeof(uint), "sequence");
        Current = new InputView(reader.Data[start..reader.Position], script, hasWitness ? NextWitness() : default);
        return true;
    }

    WitnessSequence NextWitness()
    {
        var start = witness.Position;
        var count = witness.ReadCompactSize("witness item count");
        for (var i = 0; i < count; i++) witness.TakeBytes("witness item");
        return new WitnessSequence(witness.Data[start..witness.Position]);
    }
}

/// <summary>The outputs of a transaction that has been checked.</summary>
public ref struct OutputSequence
{
    readonly TransactionFormat format;
    WireReader reader;
    int left;

    internal OutputSequence(ReadOnlySpan<byte> data, int start, int count, TransactionFormat format)
    {
        this.format = format;
        reader = new WireReader(data, start, "transaction");
        reader.ReadCompactSize("output count");
        left = count;
        Current = default;
    }

    /// <summary>The output reached.</summary>
    public OutputView Current { get; private set; }

    /// <summary>For <c>foreach</c>.</summary>
    public readonly OutputSequence GetEnumerator() => this;

    /// <summary>Goes to the next output.</summary>
    public bool MoveNext()
    {
        if (left == 0) return false;
        left--;
        var value = BinaryPrimitives.ReadInt64LittleEndian(reader.Take(sizeof(long), "value"));
        Current = new OutputView(value, reader.TakeBytes("script"), format);
        return true;
    }
}

/// <summary>The witness items of one input.</summary>
public ref struct WitnessSequence
{
    WireReader reader;
    int left;

    internal WitnessSequence(ReadOnlySpan<byte> raw)
    {
        reader = new WireReader(raw, 0, "witness");
        Count = left = reader.ReadCompactSize("witness item count");
        Raw = raw;
        Current = default;
    }

    /// <summary>How many items.</summary>
    public int Count { get; }

    /// <summary>The count and every item with its length before it, as serialised; empty where the transaction has no witnesses.</summary>
    public ReadOnlySpan<byte> Raw { get; }

    /// <summary>The item reached.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    /// <summary>For <c>foreach</c>.</summary>
    public readonly WitnessSequence GetEnumerator() => this;

    /// <summary>Goes to the next item.</summary>
    public bool MoveNext()
    {
        if (left == 0) return false;
        left--;
        Current = reader.TakeBytes("witness item");
        return true;
    }
}

static class OutPointReader
{
    /// <summary>Whether the 36 bytes name no output: what a coinbase spends.</summary>
    public static bool IsNull(ReadOnlySpan<byte> wire) =>
        BinaryPrimitives.ReadUInt32LittleEndian(wire[Hash256.Size..]) == uint.MaxValue && wire[..Hash256.Size].IndexOfAnyExcept((byte)0) < 0;
}
