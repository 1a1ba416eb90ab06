using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Belfry.Core.Chains;
using Belfry.Core.Watches;
using Belfry.Nodes.Bitcoin.Readers.Hashing;

namespace Belfry.Nodes.Bitcoin.Readers;

/// <summary>
/// One transaction in its serialised form: checked once from end to end, then read in place. Holds offsets only; copies and allocates nothing.
/// </summary>
public readonly ref struct TransactionReader
{
    const int SmallestInput = 41;
    const int SmallestOutput = 9;
    const byte WitnessFlag = 1;
    const byte MwebFlag = 8;
    readonly ReadOnlySpan<byte> data;
    readonly int start, inputs, outputs, witnesses, lockTime;
    readonly byte flags;

    TransactionReader(scoped ref WireReader reader, ReadOnlySpan<byte> data, TransactionFormat format, bool alone)
    {
        this.data = data;
        Format = format;
        start = reader.Position;
        reader.Skip(sizeof(int), "version");
        (flags, inputs) = ReadFlags(ref reader, format);
        InputCount = reader.ReadCount(SmallestInput, "input count");
        for (var i = 0; i < InputCount; i++)
        {
            reader.Skip(OutPoint.WireSize, "outpoint");
            reader.Skip(reader.ReadCompactSize("scriptSig length"), "scriptSig");
            reader.Skip(sizeof(uint), "sequence");
        }

        outputs = reader.Position;
        OutputCount = reader.ReadCount(SmallestOutput, "output count");
        for (var i = 0; i < OutputCount; i++)
        {
            reader.Skip(sizeof(long), "value");
            reader.Skip(reader.ReadCompactSize("script length"), "script");
        }

        witnesses = reader.Position;
        if ((flags & WitnessFlag) != 0) SkipWitnesses(ref reader, InputCount);
        Mweb = (flags & MwebFlag) == 0 ? default : SkipMweb(ref reader, OutputCount, alone);
        lockTime = reader.Position;
        reader.Skip(sizeof(uint), "lock time");
        End = reader.Position;
    }

    /// <summary>Reads bytes that are exactly one transaction.</summary>
    /// <exception cref="Core.Runtime.MalformedDataException">Truncated, oversized, followed by more bytes, or otherwise not a transaction.</exception>
    public static TransactionReader Read(ReadOnlySpan<byte> data, TransactionFormat format)
    {
        var reader = new WireReader(data, 0, "transaction");
        var transaction = new TransactionReader(ref reader, data, format, alone: true);
        return reader.Remaining == 0 ? transaction : throw reader.Fault($"{reader.Remaining} bytes follow its end", reader.Position);
    }

    /// <summary>Reads the transaction at the reader's position, and leaves the reader behind it.</summary>
    internal static TransactionReader ReadNext(scoped ref WireReader reader, ReadOnlySpan<byte> data, TransactionFormat format) =>
        new(ref reader, data, format, alone: false);

    /// <summary>The form it was read in.</summary>
    public TransactionFormat Format { get; }

    /// <summary>Version field.</summary>
    public int Version => BinaryPrimitives.ReadInt32LittleEndian(data[start..]);

    /// <summary>Lock time field.</summary>
    public uint LockTime => BinaryPrimitives.ReadUInt32LittleEndian(data[lockTime..]);

    /// <summary>How many inputs.</summary>
    public int InputCount { get; }

    /// <summary>How many outputs.</summary>
    public int OutputCount { get; }

    /// <summary>First byte within the bytes it was read from.</summary>
    public int Start => start;

    /// <summary>One past its last byte.</summary>
    public int End { get; }

    /// <summary>Its serialised form as it was read.</summary>
    public ReadOnlySpan<byte> Raw => data[start..End];

    /// <summary>Whether it carries witnesses.</summary>
    public bool HasWitness => (flags & WitnessFlag) != 0;

    /// <summary>Litecoin's bridge to the extension block: the last transaction of a block, flag 0x08 with no extension data.</summary>
    public bool IsHogEx => (flags & MwebFlag) != 0 && Mweb.Length == 0;

    /// <summary>A transaction with neither inputs nor outputs of its own: it lives in Litecoin's extension block and cannot be observed.</summary>
    public bool IsMwebOnly => InputCount == 0 && OutputCount == 0 && Format.Has(TransactionFormat.Mweb);

    /// <summary>Whether it is a block's own reward: one input that spends nothing.</summary>
    public bool IsCoinbase => InputCount == 1 && OutPointReader.IsNull(data.Slice(inputs + 1, OutPoint.WireSize));

    /// <summary>The extension-block transaction within it, after its presence byte; empty when there is none.</summary>
    public MwebTransaction Mweb { get; }

    /// <summary>The inputs in order, with their witnesses.</summary>
    public InputSequence Inputs => new(data, outputs == inputs ? default : inputs, InputCount, HasWitness ? witnesses : -1);

    /// <summary>The outputs in order.</summary>
    public OutputSequence Outputs => new(data, outputs, OutputCount, Format);

    /// <summary>The id: double SHA-256 of the form without witness and extension; of a transaction that lives in the extension block alone, the hash of its first kernel.</summary>
    public TxHash ComputeId()
    {
        Span<byte> hash = stackalloc byte[Hash256.Size];
        WriteId(hash);
        return new TxHash(Hash256.FromWire(hash));
    }

    /// <summary>Writes the id in wire order.</summary>
    public void WriteId(Span<byte> hash)
    {
        if (IsMwebOnly && Mweb.Length > 0) Mweb.WriteId(data, hash);
        else Sha256Batch.DoubleHash(Head, Body, Tail, hash);
    }

    /// <summary>The witness id: double SHA-256 of the form with witness, without extension. The same as the id where there is no witness.</summary>
    public Hash256 ComputeWitnessId()
    {
        if (IsMwebOnly && Mweb.Length > 0) return ComputeId().Value;
        Span<byte> hash = stackalloc byte[Hash256.Size];
        if (!HasWitness) Sha256Batch.DoubleHash(Head, Body, Tail, hash);
        else if ((flags & MwebFlag) == 0) Sha256Batch.DoubleHash(Raw, default, default, hash);
        else WriteWitnessIdWithoutMweb(hash);
        return Hash256.FromWire(hash);
    }

    /// <summary>Fingerprints of everything it spends and pays to, for a whole block's batch. The constructor has checked every length on the way.</summary>
    internal void Fingerprint(FingerprintKey key, FingerprintBuffer spends, FingerprintBuffer payments, int position)
    {
        var body = data[..witnesses];
        var at = inputs + CountSize(body[inputs]);
        for (var i = 0; i < InputCount; i++)
        {
            spends.Add(key.HashOutPoint(body.Slice(at, OutPoint.WireSize)), position);
            at += OutPoint.WireSize;
            at += CountSize(body[at]) + Count(body, at) + sizeof(uint);
        }

        at = outputs + CountSize(body[outputs]);
        for (var i = 0; i < OutputCount; i++)
        {
            at += sizeof(long);
            var (length, size) = (Count(body, at), CountSize(body[at]));
            var script = body.Slice(at + size, length);
            payments.Add(key.Hash(Format.Has(TransactionFormat.CashTokens) ? CashTokenPrefix.Strip(script) : script), position);
            at += size + length;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int CountSize(byte first) => first < 0xfd ? 1 : LongCountSize(first);

    static int LongCountSize(byte first) => first == 0xfd ? 3 : first == 0xfe ? 5 : 9;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int Count(ReadOnlySpan<byte> body, int at) => body[at] < 0xfd ? body[at] : LongCount(body, at);

    static int LongCount(ReadOnlySpan<byte> body, int at) => new WireReader(body, at, "transaction").ReadCompactSize("length");

    /// <summary>The version field: with <see cref="Body"/> and <see cref="Tail"/> the form whose hash is the id.</summary>
    internal ReadOnlySpan<byte> Head => data.Slice(start, sizeof(int));

    /// <summary>Inputs and outputs with their counts.</summary>
    internal ReadOnlySpan<byte> Body => data[inputs..witnesses];

    /// <summary>The lock time field.</summary>
    internal ReadOnlySpan<byte> Tail => data.Slice(lockTime, sizeof(uint));

    void WriteWitnessIdWithoutMweb(Span<byte> hash)
    {
        Span<byte> head = [.. Head, 0, WitnessFlag];
        var witnessEnd = lockTime - 1 - Mweb.Length;
        Sha256Batch.DoubleHash(head, data[inputs..witnessEnd], Tail, hash);
    }

    static (byte Flags, int Inputs) ReadFlags(ref WireReader reader, TransactionFormat format)
    {
        // No inputs and a flag that is not zero: that is how the extended form is told (BIP 144). A zero flag is a count of no outputs.
        if (!format.Has(TransactionFormat.Segwit | TransactionFormat.Mweb) || reader.Remaining < 2 || reader.Peek(0) != 0 || reader.Peek(1) == 0)
        {
            return (0, reader.Position);
        }

        var known = (format.Has(TransactionFormat.Segwit) ? WitnessFlag : 0) | (format.Has(TransactionFormat.Mweb) ? MwebFlag : 0);
        var present = reader.Peek(1);
        if ((present & ~known) != 0) throw reader.Fault($"unknown flag 0x{present:x2}", reader.Position + 1);
        reader.Skip(2, "marker and flag");
        return (present, reader.Position);
    }

    static void SkipWitnesses(ref WireReader reader, int inputCount)
    {
        var at = reader.Position;
        var any = false;
        for (var i = 0; i < inputCount; i++)
        {
            var items = reader.ReadCount(1, "witness item count");
            any |= items > 0;
            for (var item = 0; item < items; item++) reader.Skip(reader.ReadCompactSize("witness item length"), "witness item");
        }

        if (!any) throw reader.Fault("flag 0x01 without any witness", at);
    }

    static MwebTransaction SkipMweb(ref WireReader reader, int outputCount, bool alone)
    {
        var at = reader.Position;
        var presence = reader.ReadByte("MWEB presence");
        switch (presence)
        {
            case 0 when outputCount == 0:
                throw reader.Fault("HogEx without an output", at);
            case 0:
                return default;
            case 1 when !alone:
                throw reader.Fault("an extension-block transaction stands among a block's transactions", at);
            case 1:
                return MwebTransaction.Skip(ref reader);
            default:
                throw reader.Fault($"MWEB presence is 0x{presence:x2}, expected 0 or 1", at);
        }
    }
}
