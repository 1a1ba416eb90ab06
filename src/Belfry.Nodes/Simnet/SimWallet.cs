using System.Security.Cryptography;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin.Encodings;

namespace Belfry.Nodes.Simnet;

/// <summary>Kinds of addresses that a simulated wallet uses.</summary>
public enum SimAddressKind
{
    /// <summary>Pay to public key hash: the oldest, on every chain.</summary>
    PublicKeyHash,

    /// <summary>Pay to script hash; wraps a witness program where the chain has witnesses, a single key otherwise.</summary>
    ScriptHash,

    /// <summary>Pay to witness public key hash.</summary>
    WitnessKeyHash,

    /// <summary>Pay to witness script hash.</summary>
    WitnessScriptHash,

    /// <summary>Pay to Taproot, spent by key.</summary>
    Taproot,
}

/// <summary>A script and what it takes to spend it.</summary>
/// <param name="Kind">Which kind.</param>
/// <param name="Script">The locking script.</param>
/// <param name="PublicKey">33 bytes, or 32 for Taproot. Not a point on the curve: nobody checks signatures here.</param>
/// <param name="Redeem">The script behind a script hash, or empty.</param>
public sealed record SimKey(SimAddressKind Kind, Script Script, byte[] PublicKey, byte[] Redeem);

/// <summary>
/// Somebody who has coins on the simulated chain. Spends look like real ones: keys and redeem scripts hash to what they unlock. Only the signatures are made up.
/// </summary>
public sealed class SimWallet
{
    readonly IEntropy entropy;
    readonly bool segwit;
    readonly List<SimKey> keys = [];
    readonly Dictionary<Script, SimKey> byScript = [];

    internal SimWallet(string name, bool segwit, IEntropy entropy)
    {
        Name = name;
        this.segwit = segwit;
        this.entropy = entropy;
        Add(segwit ? SimAddressKind.WitnessKeyHash : SimAddressKind.PublicKeyHash);
    }

    /// <summary>Whose it is.</summary>
    public string Name { get; }

    /// <summary>Every script that pays this wallet, oldest first.</summary>
    public IReadOnlyList<SimKey> Keys => keys;

    /// <summary>The first address's script.</summary>
    public Script Script => keys[0].Script;

    /// <summary>Makes another address.</summary>
    /// <exception cref="ArgumentException">The chain has no witnesses and <paramref name="kind"/> needs them.</exception>
    public Script Add(SimAddressKind kind)
    {
        if (!segwit && kind >= SimAddressKind.WitnessKeyHash) throw new ArgumentException($"This chain has no witnesses, so no {kind} addresses.", nameof(kind));
        var key = Make(kind);
        keys.Add(key);
        byScript.Add(key.Script, key);
        return key.Script;
    }

    /// <summary>Adds one address of each kind that the chain has and the wallet lacks.</summary>
    public void AddEachKind()
    {
        foreach (var kind in Enum.GetValues<SimAddressKind>())
            if ((segwit || kind < SimAddressKind.WitnessKeyHash) && !keys.Exists(key => key.Kind == kind)) Add(kind);
    }

    /// <summary>Whether the wallet can spend what pays this script.</summary>
    public bool Owns(Script script) => byScript.ContainsKey(script);

    internal WireInput Unlock(SimCoin coin)
    {
        var key = byScript[coin.Script];
        var signature = Signature();
        return key.Kind switch
        {
            SimAddressKind.PublicKeyHash => new(coin.OutPoint, [.. Push(signature), .. Push(key.PublicKey)], [], SimWire.Replaceable),
            SimAddressKind.ScriptHash when segwit => new(coin.OutPoint, Push(key.Redeem), [signature, key.PublicKey], SimWire.Replaceable),
            SimAddressKind.ScriptHash => new(coin.OutPoint, [.. Push(signature), .. Push(key.Redeem)], [], SimWire.Replaceable),
            SimAddressKind.WitnessKeyHash => new(coin.OutPoint, [], [signature, key.PublicKey], SimWire.Replaceable),
            SimAddressKind.WitnessScriptHash => new(coin.OutPoint, [], [signature, key.Redeem], SimWire.Replaceable),
            SimAddressKind.Taproot => new(coin.OutPoint, [], [entropy.Bytes(64)], SimWire.Replaceable),
            _ => throw new ArgumentOutOfRangeException(nameof(coin), key.Kind, "No such kind of address."),
        };
    }

    static byte[] Hash160Of(byte[] data)
    {
        var hash = new byte[Hash160.Size];
        Hash160.Compute(data, hash);
        return hash;
    }

    static byte[] Push(byte[] data) => [(byte)data.Length, .. data];

    /// <summary>OP_1 and a key, as Taproot's outputs have it.</summary>
    static byte[] TaprootScript(byte[] key) => [0x51, 0x20, .. key];

    SimKey Make(SimAddressKind kind)
    {
        byte[] publicKey = kind == SimAddressKind.Taproot ? entropy.Bytes(32) : [(byte)(2 + entropy.Below(2)), .. entropy.Bytes(32)];
        byte[] single = [.. Push(publicKey), 0xac];
        var keyHash = Hash160Of(publicKey);
        byte[] nested = [0x00, 0x14, .. keyHash];
        var redeem = kind switch
        {
            SimAddressKind.ScriptHash => segwit ? nested : single,
            SimAddressKind.WitnessScriptHash => single,
            _ => [],
        };
        byte[] script = kind switch
        {
            SimAddressKind.PublicKeyHash => [0x76, 0xa9, 0x14, .. keyHash, 0x88, 0xac],
            SimAddressKind.ScriptHash => [0xa9, 0x14, .. Hash160Of(redeem), 0x87],
            SimAddressKind.WitnessKeyHash => nested,
            SimAddressKind.WitnessScriptHash => [0x00, 0x20, .. SHA256.HashData(redeem)],
            _ => TaprootScript(publicKey),
        };
        return new SimKey(kind, new Script(script), publicKey, redeem);
    }

    /// <summary>70 or 71 bytes in DER and the byte for "all", as most signatures are.</summary>
    byte[] Signature()
    {
        var r = entropy.Bytes(32);
        var s = entropy.Bytes(32);
        r[0] = (byte)((r[0] & 0x7f) | 1);
        s[0] = (byte)((s[0] & 0x7f) | 1);
        return [0x30, 68, 0x02, 32, .. r, 0x02, 32, .. s, 0x01];
    }
}
