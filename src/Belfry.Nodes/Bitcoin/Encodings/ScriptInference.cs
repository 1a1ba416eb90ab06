using System.Security.Cryptography;
using Belfry.Core.Chains;

namespace Belfry.Nodes.Bitcoin.Encodings;

/// <summary>
/// Which script an input spends, told from the input alone. It is what the input claims, not a proof: only the spent output proves it, and whoever makes an output of
/// an odd script can dress its spend up as another's. Hence nothing is told unless the data has exactly the form that consensus demands of that template and of no other
/// template in use; where two would fit, there is no answer.
/// </summary>
public static class ScriptInference
{
    const byte Annex = 0x50;
    const int MaxWitnessItems = 64;

    /// <summary>Infers the script that an input spends.</summary>
    /// <param name="scriptSig">The input's unlocking script.</param>
    /// <param name="witness">The input's witness as serialised: count, then each item with its length in front; empty where there is none.</param>
    /// <param name="rules">The chain's templates.</param>
    /// <returns>
    /// p2pkh, p2wpkh, p2sh around p2wpkh or p2wsh, p2sh and p2wsh around multisig, p2wsh where it cannot be taproot; null for taproot, p2pk, bare scripts and all that is
    /// not certain in form. Malformed bytes are null too.
    /// </returns>
    public static Script? FromInput(ReadOnlySpan<byte> scriptSig, ReadOnlySpan<byte> witness, ScriptRules rules)
    {
        Span<Range> items = stackalloc Range[MaxWitnessItems];
        var count = 0;
        if (!witness.IsEmpty && (!rules.HasFlag(ScriptRules.Segwit) || !TrySplitWitness(witness, items, out count))) return null;
        if (count == 0) return FromScriptSig(scriptSig, rules);
        if (scriptSig.IsEmpty) return FromWitness(witness, items[..count]);

        // Nested: consensus wants exactly one push, of the witness program.
        var program = scriptSig[1..];
        if (scriptSig[0] != program.Length) return null;
        var last = witness[items[count - 1]];
        var template = ScriptTemplate.Match(program, ScriptRules.Segwit);
        Span<byte> hash = stackalloc byte[32];
        switch (template.Type)
        {
            case ScriptType.P2wpkh when count == 2:
                Hash160.Compute(last, hash);
                return hash[..Hash160.Size].SequenceEqual(template.Program) ? P2sh(program) : null;
            case ScriptType.P2wsh:
                SHA256.HashData(last, hash);
                return hash.SequenceEqual(template.Program) ? P2sh(program) : null;
            default:
                return null;
        }
    }

    static Script? FromScriptSig(ReadOnlySpan<byte> scriptSig, ReadOnlySpan<byte> first, ReadOnlySpan<byte> last, ScriptRules rules)
    {
        // Bitcoin Cash also has Schnorr signatures: 64 bytes and the hash type.
        var isSignature = Signature.IsDer(first) || (rules.HasFlag(ScriptRules.P2sh32) && first.Length == 65);
        if (!isSignature || !PublicKey.HasValidForm(last) || PushLength(first) + PushLength(last) != scriptSig.Length) return null;
        Span<byte> hash = stackalloc byte[Hash160.Size];
        Span<byte> script = stackalloc byte[25];
        Hash160.Compute(last, hash);
        return new Script(script[..ScriptTemplate.WriteP2pkh(hash, script)]);
    }

    static Script? FromScriptSig(ReadOnlySpan<byte> scriptSig, ScriptRules rules)
    {
        ReadOnlySpan<byte> first = default, last = default;
        var signatures = 0;
        var pushes = 0;
        for (var at = 0; at < scriptSig.Length; pushes++)
        {
            if (!TryPush(scriptSig, ref at, out var item)) return null;
            if (pushes == 0) first = item;
            else if (at < scriptSig.Length && Signature.IsDer(item)) signatures++;
            last = item;
        }

        if (pushes == 2) return FromScriptSig(scriptSig, first, last, rules);

        // OP_0, m signatures, the script. With 32-byte P2SH about, the same input also spends the output that commits to the other hash.
        return pushes > 2 && first.IsEmpty && signatures == pushes - 2 && !rules.HasFlag(ScriptRules.P2sh32)
            && Multisig.TryMatch(last, out var required, out _) && required == signatures
            ? P2sh(last)
            : null;
    }

    static Script? FromWitness(ReadOnlySpan<byte> witness, ReadOnlySpan<Range> items)
    {
        var first = witness[items[0]];
        var last = witness[items[^1]];
        Span<byte> hash = stackalloc byte[32];
        Span<byte> script = stackalloc byte[34];

        // A 33-byte last item may also be a taproot control block of an unknown leaf version; the signature in front decides.
        if (items.Length == 2 && last.Length == 33 && PublicKey.HasValidForm(last) && Signature.IsDer(first))
        {
            Hash160.Compute(last, hash);
            return new Script(script[..ScriptTemplate.WriteWitness(0, hash[..Hash160.Size], script)]);
        }

        if (!IsMultisigWitness(witness, items) && MayBeTaproot(items.Length, last)) return null;
        SHA256.HashData(last, hash);
        return new Script(script[..ScriptTemplate.WriteWitness(0, hash, script)]);
    }

    static bool IsMultisigWitness(ReadOnlySpan<byte> witness, ReadOnlySpan<Range> items)
    {
        if (items.Length < 3 || !witness[items[0]].IsEmpty || !Multisig.TryMatch(witness[items[^1]], out var required, out _) || required != items.Length - 2) return false;
        for (var i = 1; i < items.Length - 1; i++)
            if (!Signature.IsDer(witness[items[i]])) return false;

        return true;
    }

    // BIP 341: one item is a signature of 64 or 65 bytes; two or more end in a control block of 33 + 32 k bytes, or in an annex.
    static bool MayBeTaproot(int count, ReadOnlySpan<byte> last) =>
        last.IsEmpty || (count == 1 ? last.Length is 64 or 65 : last[0] == Annex || (last.Length >= 33 && last.Length % 32 == 1));

    static Script P2sh(ReadOnlySpan<byte> redeem)
    {
        Span<byte> hash = stackalloc byte[Hash160.Size];
        Span<byte> script = stackalloc byte[23];
        Hash160.Compute(redeem, hash);
        return new Script(script[..ScriptTemplate.WriteP2sh(hash, script)]);
    }

    static bool TrySplitWitness(ReadOnlySpan<byte> witness, Span<Range> items, out int count)
    {
        count = 0;
        var at = 0;
        if (!TryCompactSize(witness, ref at, out var total) || total > items.Length) return false;
        for (; count < total; count++)
        {
            if (!TryCompactSize(witness, ref at, out var length) || length > witness.Length - at) return false;
            items[count] = at..(at + length);
            at += length;
        }

        return at == witness.Length;
    }

    // Items and counts above 65,535 do not occur in what is recognised here.
    static bool TryCompactSize(ReadOnlySpan<byte> data, ref int at, out int value)
    {
        value = 0;
        if (at >= data.Length) return false;
        if (data[at] < 0xFD)
        {
            value = data[at++];
            return true;
        }

        if (data[at] != 0xFD || data.Length - at < 3) return false;
        value = data[at + 1] | (data[at + 2] << 8);
        at += 3;
        return true;
    }

    static bool TryPush(ReadOnlySpan<byte> script, scoped ref int at, out ReadOnlySpan<byte> item)
    {
        var rest = script[at..];
        var (head, size) = rest switch
        {
            [<= 75 and var length, ..] => (1, (int)length),
            [Op.PushData1, var length, ..] => (2, length),
            [Op.PushData2, var low, var high, ..] => (3, low | (high << 8)),
            _ => (0, 0),
        };
        item = default;
        if (head == 0 || rest.Length - head < size) return false;
        item = rest.Slice(head, size);
        at += head + size;
        return true;
    }

    // With the one-byte push that signatures and keys take.
    static int PushLength(ReadOnlySpan<byte> item) => item.Length + 1;
}
