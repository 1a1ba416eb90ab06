using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.Nodes.Bitcoin.Readers;

namespace Belfry.Nodes.Bitcoin;

/// <summary>Names the script that an input spends, by the rules of one chain.</summary>
public sealed class InputInference(ScriptRules rules) : IScriptInference
{
    const int LargestSingleByteCount = 0xfc;

    /// <inheritdoc/>
    public Script? Infer(InputView input)
    {
        var witness = input.Witness;
        if (witness.Count == 0) return ScriptInference.FromInput(input.SignatureScript, default, rules);
        // The readers hand out the items without their count. No template has more items than one byte can count, nor witnesses of more than a standard transaction.
        if (witness.Count > LargestSingleByteCount || witness.Raw.Length > MaxWitnessBytes) return null;
        Span<byte> whole = stackalloc byte[1 + witness.Raw.Length];
        whole[0] = (byte)witness.Count;
        witness.Raw.CopyTo(whole[1..]);
        return ScriptInference.FromInput(input.SignatureScript, whole, rules);
    }

    const int MaxWitnessBytes = 16 * 1024;
}
