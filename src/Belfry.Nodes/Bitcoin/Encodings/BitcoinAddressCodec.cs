using Belfry.Core.Chains;

namespace Belfry.Nodes.Bitcoin.Encodings;

/// <summary>
/// Addresses of one Bitcoin-family network. Every spelling of an address is one script; the canonical spelling is lower-case Bech32, CashAddr with its prefix and not
/// token-aware, <c>M…</c> for Litecoin's p2sh, and <c>script:&lt;hex&gt;</c> where no address exists. Safe for any number of callers at once.
/// </summary>
public sealed class BitcoinAddressCodec(BitcoinNetwork network) : IAddressCodec
{
    /// <summary>Longest address text that is looked at; longer ones are refused unread. (<c>script:</c> may be as long as a script.)</summary>
    public const int MaxLength = 192;

    // The longest script that an address stands for is p2pk of a long key.
    const int AddressScriptRoom = 80;
    const int OnStack = 512;

    /// <summary>The network.</summary>
    public BitcoinNetwork Network { get; } = network;

    /// <inheritdoc/>
    public AddressReading Read(string text) => ReadWithFault(text, out _);

    /// <inheritdoc/>
    public string? Write(ReadOnlySpan<byte> script)
    {
        var template = ScriptTemplate.Match(script, Network.Rules);
        return template.Type switch
        {
            ScriptType.P2pkh or ScriptType.P2sh or ScriptType.P2sh32 when Network.CashAddrPrefix is { } prefix =>
                CashAddrSpelling.Write(prefix, template.Type != ScriptType.P2pkh, template.Program),
            ScriptType.P2pkh => Base58Check.Encode(Network.PublicKeyHashVersions[0], template.Program),
            ScriptType.P2sh => Base58Check.Encode(Network.ScriptHashVersions[0], template.Program),
            ScriptType.P2wpkh or ScriptType.P2wsh or ScriptType.P2tr or ScriptType.Anchor or ScriptType.Witness =>
                SegwitSpelling.Write(Network.SegwitPrefixes[0], template.WitnessVersion, template.Program),
            _ => null,
        };
    }

    /// <summary>The canonical spelling of a script: its address, or <c>script:&lt;hex&gt;</c> where it has none.</summary>
    public string WriteCanonical(ReadOnlySpan<byte> script) => Write(script) ?? RawSpelling.ScriptPrefix + Convert.ToHexStringLower(script);

    /// <summary>Reads an address into a buffer and allocates nothing, unless it is refused.</summary>
    /// <param name="text">Any spelling, or <c>script:&lt;hex&gt;</c>.</param>
    /// <param name="script">Room for the script: 80 bytes for any address, half the length of the text for <c>script:</c>.</param>
    /// <param name="length">Length of the script.</param>
    /// <param name="fault">Why it was refused, in one word.</param>
    /// <param name="error">Why it was refused, for people; bounded and printable.</param>
    /// <exception cref="ArgumentException">The room is too small.</exception>
    public bool TryRead(ReadOnlySpan<char> text, Span<byte> script, out int length, out AddressFault fault, out string? error)
    {
        var needed = IsScript(text) ? Math.Min(text.Length / 2, RawSpelling.MaxScript) : AddressScriptRoom;
        if (script.Length < needed) throw new ArgumentException($"The script needs room for {needed} bytes, not {script.Length}.", nameof(script));
        var spelling = Decode(text, script);
        (length, fault, error) = (spelling.Length, spelling.Fault, spelling.Error);
        return fault == AddressFault.None;
    }

    internal AddressReading ReadWithFault(string text, out AddressFault fault)
    {
        var room = IsScript(text) ? Math.Min(text.Length / 2, RawSpelling.MaxScript) : AddressScriptRoom;
        Span<byte> buffer = room <= OnStack ? stackalloc byte[OnStack] : new byte[room];
        var spelling = Decode(text, buffer);
        fault = spelling.Fault;
        if (spelling.Fault != AddressFault.None) return AddressReading.Refused(spelling.Error!);
        var script = buffer[..spelling.Length];
        return new AddressReading(new Script(script), spelling.IsCanonical ? text : WriteCanonical(script), ScriptTemplate.Match(script, Network.Rules).Name, null);
    }

    static bool IsScript(ReadOnlySpan<char> text) => text.StartsWith(RawSpelling.ScriptPrefix, StringComparison.OrdinalIgnoreCase);

    Spelling Decode(ReadOnlySpan<char> text, Span<byte> script)
    {
        if (text.IsEmpty) return Spelling.Refuse(AddressFault.Empty, "the address is empty");
        if (IsScript(text)) return RawSpelling.ReadScript(text, script);
        if (text.Length > MaxLength) return Spelling.Refuse(AddressFault.Length, $"{text.Length} characters are too many for an address");
        var unprintable = text.IndexOfAnyExceptInRange('!', '~');
        if (unprintable >= 0)
            return Spelling.Refuse(AddressFault.Character, $"character {unprintable + 1} ({Spelling.Quote(text[unprintable])}) does not occur in an address");
        if (SegwitSpelling.IsKnown(text, out _))
        {
            var segwit = SegwitSpelling.Read(text, Network, script);
            return segwit.Fault == AddressFault.None ? segwit : PreferBase58(text, segwit, script);
        }

        var colon = text.IndexOf(':');
        if (colon >= 0) return CashAddrSpelling.ReadPrefixed(text, colon, Network, script);
        if (RawSpelling.LooksLikeKey(text)) return RawSpelling.ReadKey(text, script);
        if (Network.CashAddrPrefix is not null && CashAddrSpelling.LooksBare(text)) return CashAddrSpelling.ReadBare(text, Network, script);
        var base58 = Base58Spelling.Read(text, Network, script);
        return base58.Fault is AddressFault.Character or AddressFault.Checksum or AddressFault.Length ? Explain(text, base58) : base58;
    }

    // "Ltc1…" also begins good Base58 addresses of Litecoin, one in some hundred thousand: the checksum decides.
    Spelling PreferBase58(ReadOnlySpan<char> text, Spelling segwit, Span<byte> script)
    {
        if (text.Length > 36) return segwit;
        var base58 = Base58Spelling.Read(text, Network, script);
        return base58.Fault is AddressFault.None or AddressFault.WrongNetwork ? base58 : segwit;
    }

    // Not Base58 after all: say what it is instead, when that can be told.
    Spelling Explain(ReadOnlySpan<char> text, Spelling base58)
    {
        if (SegwitSpelling.RefuseMweb(text) is { } mweb) return mweb;
        if (ForeignSpelling.OtherFamily(text, Network) is { } other) return other;
        if (CashAddrSpelling.LooksBare(text) && CashAddrSpelling.FindOwner(text, Network) is { } cash) return cash;
        var separator = text.LastIndexOf('1');
        return base58.Fault == AddressFault.Character && separator is > 0 and <= 10 && text.Length - separator > Bech32.ChecksumLength && Base32.IsAlphabetic(text[(separator + 1)..])
            ? Spelling.Refuse(AddressFault.Unknown, $"the prefix {Spelling.Quote(text[..separator])} is of no network known here, {ForeignSpelling.Follows(Network)}")
            : base58;
    }
}
