namespace Belfry.Nodes.Bitcoin.Encodings;

/// <summary>Which script templates mean something on a chain: the same bytes may be a witness program here and an ordinary script there.</summary>
[Flags]
public enum ScriptRules
{
    /// <summary>p2pk, p2pkh, p2sh, bare multisig and data carriers only.</summary>
    None = 0,

    /// <summary>Witness programs (BIP 141).</summary>
    Segwit = 1,

    /// <summary>The pay-to-anchor output of Bitcoin Core 28 and later.</summary>
    Anchor = 2,

    /// <summary>Litecoin's MWEB: 32-byte programs of witness versions 8 (hogaddr) and 9 (peg-in).</summary>
    Mweb = 4,

    /// <summary>P2SH with a 32-byte hash (Bitcoin Cash, May 2023).</summary>
    P2sh32 = 8,
}

/// <summary>The shape of a locking script.</summary>
public enum ScriptType
{
    /// <summary>None of the others.</summary>
    Nonstandard,

    /// <summary>A public key.</summary>
    P2pk,

    /// <summary>The hash of a public key.</summary>
    P2pkh,

    /// <summary>The 20-byte hash of a script.</summary>
    P2sh,

    /// <summary>The 32-byte hash of a script.</summary>
    P2sh32,

    /// <summary>Witness version 0, hash of a public key.</summary>
    P2wpkh,

    /// <summary>Witness version 0, hash of a script.</summary>
    P2wsh,

    /// <summary>Witness version 1, 32 bytes.</summary>
    P2tr,

    /// <summary>Pay to anchor.</summary>
    Anchor,

    /// <summary>Any other witness program of versions 1 to 16.</summary>
    Witness,

    /// <summary>Where MWEB keeps its coins; changes with each block.</summary>
    MwebHogAddr,

    /// <summary>Coins on their way into MWEB.</summary>
    MwebPegin,

    /// <summary>Bare m-of-n.</summary>
    Multisig,

    /// <summary>Data; cannot be spent.</summary>
    OpReturn,
}

/// <summary>A locking script seen as one of the known templates. Borrows the script's bytes.</summary>
public readonly ref struct ScriptTemplate
{
    static readonly string[] WitnessNames = [.. Enumerable.Range(0, 17).Select(version => $"witness_v{version}")];

    ScriptTemplate(ScriptType type, ReadOnlySpan<byte> program, int witnessVersion = -1)
    {
        Type = type;
        Program = program;
        WitnessVersion = witnessVersion;
    }

    /// <summary>The template.</summary>
    public ScriptType Type { get; }

    /// <summary>The hash, key or witness program inside; empty for multisig, data and nonstandard scripts.</summary>
    public ReadOnlySpan<byte> Program { get; }

    /// <summary>0 to 16 for a witness program, otherwise -1.</summary>
    public int WitnessVersion { get; }

    /// <summary>The name in JSON: <c>p2pkh</c>, <c>p2tr</c>, <c>witness_v2</c>, <c>op_return</c> …; never allocates.</summary>
    public string Name => Type switch
    {
        ScriptType.P2pk => "p2pk",
        ScriptType.P2pkh => "p2pkh",
        ScriptType.P2sh => "p2sh",
        ScriptType.P2sh32 => "p2sh32",
        ScriptType.P2wpkh => "p2wpkh",
        ScriptType.P2wsh => "p2wsh",
        ScriptType.P2tr => "p2tr",
        ScriptType.Anchor => "anchor",
        ScriptType.Witness => WitnessNames[WitnessVersion],
        ScriptType.MwebHogAddr => "mweb_hogaddr",
        ScriptType.MwebPegin => "mweb_pegin",
        ScriptType.Multisig => "multisig",
        ScriptType.OpReturn => "op_return",
        _ => "nonstandard",
    };

    /// <summary>Finds the template of a script on a chain with <paramref name="rules"/>.</summary>
    public static ScriptTemplate Match(ReadOnlySpan<byte> script, ScriptRules rules)
    {
        if (script is [Op.Dup, Op.Hash160, 20, .., Op.EqualVerify, Op.CheckSig] && script.Length == 25) return new(ScriptType.P2pkh, script.Slice(3, 20));
        if (script is [Op.Hash160, 20, .., Op.Equal] && script.Length == 23) return new(ScriptType.P2sh, script.Slice(2, 20));
        if (TryMatchWitness(script, rules, out var witness)) return witness;
        if (rules.HasFlag(ScriptRules.P2sh32) && script is [Op.Hash256, 32, .., Op.Equal] && script.Length == 35) return new(ScriptType.P2sh32, script.Slice(2, 32));
        if (script is [Op.Return, ..]) return new(ScriptType.OpReturn, default);
        if (script is [33 or 65, .., Op.CheckSig] && script.Length == script[0] + 2 && PublicKey.HasValidForm(script[1..^1])) return new(ScriptType.P2pk, script[1..^1]);
        return new(Multisig.TryMatch(script, out _, out _) ? ScriptType.Multisig : ScriptType.Nonstandard, default);
    }

    /// <summary>Writes the p2pkh script of a 20-byte hash.</summary>
    /// <returns>Length of the script.</returns>
    public static int WriteP2pkh(ReadOnlySpan<byte> hash, Span<byte> script) => Compose([Op.Dup, Op.Hash160, 20], hash, [Op.EqualVerify, Op.CheckSig], script);

    /// <summary>Writes the p2sh script of a 20-byte hash, or the p2sh32 script of a 32-byte hash.</summary>
    /// <returns>Length of the script.</returns>
    public static int WriteP2sh(ReadOnlySpan<byte> hash, Span<byte> script) =>
        Compose([hash.Length == 20 ? Op.Hash160 : Op.Hash256, (byte)hash.Length], hash, [Op.Equal], script);

    /// <summary>Writes the script of a witness program.</summary>
    /// <returns>Length of the script.</returns>
    public static int WriteWitness(int version, ReadOnlySpan<byte> program, Span<byte> script) =>
        Compose([version == 0 ? (byte)0 : (byte)(Op.One + version - 1), (byte)program.Length], program, [], script);

    /// <summary>Writes the p2pk script of a public key.</summary>
    /// <returns>Length of the script.</returns>
    public static int WriteP2pk(ReadOnlySpan<byte> key, Span<byte> script) => Compose([(byte)key.Length], key, [Op.CheckSig], script);

    static bool TryMatchWitness(ReadOnlySpan<byte> script, ScriptRules rules, out ScriptTemplate template)
    {
        template = default;
        if (!rules.HasFlag(ScriptRules.Segwit) || script.Length is < 4 or > 42 || script[1] != script.Length - 2) return false;
        if (script[0] is not 0 and (< Op.One or > Op.Sixteen)) return false;
        var version = script[0] == 0 ? 0 : script[0] - Op.One + 1;
        var program = script[2..];
        ScriptType? type = (version, program.Length) switch
        {
            (0, 20) => ScriptType.P2wpkh,
            (0, 32) => ScriptType.P2wsh,
            (0, _) => null, // BIP 141: such an output can never be spent
            (1, 32) => ScriptType.P2tr,
            (1, 2) when rules.HasFlag(ScriptRules.Anchor) && program is [0x4E, 0x73] => ScriptType.Anchor,
            (8, 32) when rules.HasFlag(ScriptRules.Mweb) => ScriptType.MwebHogAddr,
            (9, 32) when rules.HasFlag(ScriptRules.Mweb) => ScriptType.MwebPegin,
            _ => ScriptType.Witness,
        };
        template = new(type ?? ScriptType.Nonstandard, type is null ? default : program, type is null ? -1 : version);
        return true;
    }

    static int Compose(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body, ReadOnlySpan<byte> tail, Span<byte> script)
    {
        head.CopyTo(script);
        body.CopyTo(script[head.Length..]);
        tail.CopyTo(script[(head.Length + body.Length)..]);
        return head.Length + body.Length + tail.Length;
    }
}
