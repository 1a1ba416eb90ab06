namespace Belfry.Core.Chains;

/// <summary>Address text to script and back, for one chain and network.</summary>
public interface IAddressCodec
{
    /// <summary>Reads any spelling of an address, or <c>script:&lt;hex&gt;</c>.</summary>
    AddressReading Read(string text);

    /// <summary>The canonical address of a script, or null when it has none (bare multisig, data carrier, …).</summary>
    string? Write(ReadOnlySpan<byte> script);
}

/// <summary>What came of reading an address: either a script with its canonical spelling, or an error for people.</summary>
/// <param name="Script">The script, when it is an address of this chain and network.</param>
/// <param name="Canonical">The one spelling that Belfry uses in keys and events; <c>script:&lt;hex&gt;</c> where no address exists.</param>
/// <param name="Type"><c>p2pkh</c>, <c>p2sh</c>, <c>p2wpkh</c>, <c>p2wsh</c>, <c>p2tr</c>, <c>p2pk</c>, <c>witness_v2</c> …</param>
/// <param name="Error">What was wrong and what was expected, when it is not.</param>
public readonly record struct AddressReading(Script? Script, string? Canonical, string? Type, string? Error)
{
    /// <summary>Whether the text is an address of this chain and network.</summary>
    public bool IsValid => Script is not null;

    /// <summary>A refusal.</summary>
    public static AddressReading Refused(string error) => new(null, null, null, error);
}
