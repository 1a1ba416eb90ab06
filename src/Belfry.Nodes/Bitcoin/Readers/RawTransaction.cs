using Belfry.Core.Chains;

namespace Belfry.Nodes.Bitcoin.Readers;

/// <summary>A transaction to be written, as consensus serialisation has it.</summary>
/// <param name="Version">Version field.</param>
/// <param name="Inputs">Inputs in order.</param>
/// <param name="Outputs">Outputs in order.</param>
/// <param name="LockTime">Lock time field.</param>
public sealed record RawTransaction(int Version, IReadOnlyList<RawInput> Inputs, IReadOnlyList<RawOutput> Outputs, uint LockTime)
{
    /// <summary>Whether any input carries witness items: only then the segwit form is written (BIP 144).</summary>
    public bool HasWitness
    {
        get
        {
            foreach (var input in Inputs)
            {
                if (input.Witness is { Count: > 0 }) return true;
            }

            return false;
        }
    }
}

/// <summary>An input to be written.</summary>
/// <param name="Previous">The output it spends; all zero with index <c>0xffffffff</c> for a coinbase.</param>
/// <param name="SignatureScript">scriptSig; empty for native segwit spends.</param>
/// <param name="Sequence">Sequence field; below <c>0xfffffffe</c> signals replaceability (BIP 125).</param>
/// <param name="Witness">Witness items in order, or null.</param>
public sealed record RawInput(OutPoint Previous, ReadOnlyMemory<byte> SignatureScript, uint Sequence, IReadOnlyList<ReadOnlyMemory<byte>>? Witness = null);

/// <summary>An output to be written.</summary>
/// <param name="Value">Base units.</param>
/// <param name="Script">Locking script, on Bitcoin Cash with its token prefix where it has one.</param>
public sealed record RawOutput(long Value, ReadOnlyMemory<byte> Script);

/// <summary>The 80 bytes of a block header, to be written.</summary>
/// <param name="Version">Version field.</param>
/// <param name="Previous">Hash of the block below.</param>
/// <param name="MerkleRoot">Root over the transaction ids.</param>
/// <param name="Time">Unix seconds.</param>
/// <param name="Bits">Compact target.</param>
/// <param name="Nonce">Nonce field.</param>
public sealed record RawBlockHeader(int Version, BlockHash Previous, Hash256 MerkleRoot, uint Time, uint Bits, uint Nonce);
