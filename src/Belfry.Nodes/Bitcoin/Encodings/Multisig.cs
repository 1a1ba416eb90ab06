namespace Belfry.Nodes.Bitcoin.Encodings;

/// <summary>The m-of-n script: OP_m, n public keys, OP_n, OP_CHECKMULTISIG; n at most 16.</summary>
public static class Multisig
{
    /// <summary>Whether a script is of this form.</summary>
    /// <param name="script">The script.</param>
    /// <param name="required">How many signatures it asks for.</param>
    /// <param name="keys">How many keys it names.</param>
    public static bool TryMatch(ReadOnlySpan<byte> script, out int required, out int keys)
    {
        required = keys = 0;
        if (script.Length < 37 || script[^1] != Op.CheckMultisig || script[0] is < Op.One or > Op.Sixteen || script[^2] is < Op.One or > Op.Sixteen) return false;
        var found = 0;
        var rest = script[1..^2];
        while (!rest.IsEmpty)
        {
            int size = rest[0];
            if (rest.Length <= size || !PublicKey.HasValidForm(rest.Slice(1, size))) return false;
            found++;
            rest = rest[(size + 1)..];
        }

        required = script[0] - Op.One + 1;
        keys = script[^2] - Op.One + 1;
        return found == keys && required <= keys;
    }
}
