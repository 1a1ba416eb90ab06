namespace Belfry.Nodes.Bitcoin.Encodings;

/// <summary>Bitcoin Cash addresses in CashAddr, also the token-aware types, which are the same scripts.</summary>
static class CashAddrSpelling
{
    const int P2pkhType = 0;
    const int P2shType = 1;
    const int TokenP2pkhType = 2;
    const int TokenP2shType = 3;
    const int MaxData = 128;

    /// <summary>Reads a text with a colon.</summary>
    public static Spelling ReadPrefixed(ReadOnlySpan<char> text, int colon, BitcoinNetwork network, Span<byte> script)
    {
        var prefix = text[..colon];
        var data = text[(colon + 1)..];
        if (prefix.IsEmpty) return Spelling.Refuse(AddressFault.Unknown, "there is no prefix before the colon");
        if (!prefix.Equals(network.CashAddrPrefix, StringComparison.OrdinalIgnoreCase))
        {
            return ForeignSpelling.CashAddr(prefix, network)
                ?? (prefix is "bitcoin" or "litecoin" or "dogecoin"
                    ? Spelling.Refuse(AddressFault.NotAnAddress, $"this is a payment link: give only the address after '{prefix}:'")
                    : Spelling.Refuse(AddressFault.Unknown, $"the prefix {Spelling.Quote(prefix)} is of no network known here, {ForeignSpelling.Follows(network)}"));
        }

        var mixed = Base32.IndexOfMixedCase(text);
        return mixed >= 0
            ? Spelling.Refuse(AddressFault.MixedCase, $"lower and upper case are mixed (from character {mixed + 1} on): a CashAddr is all of one case")
            : Read(data, colon + 1, network, char.IsAsciiLetterLower(text[0]), script);
    }

    /// <summary>Reads a text without prefix.</summary>
    public static Spelling ReadBare(ReadOnlySpan<char> text, BitcoinNetwork network, Span<byte> script)
    {
        var reading = Read(text, 0, network, hasCanonicalPrefix: false, script);
        return reading.Fault == AddressFault.Checksum ? FindOwner(text, network) ?? reading : reading;
    }

    /// <summary>Whether a text can only be a CashAddr without prefix: longer than Base58 addresses get, and of one alphabet.</summary>
    public static bool LooksBare(ReadOnlySpan<char> text) => text.Length is >= 40 and <= MaxData && Base32.IsAlphabetic(text);

    /// <summary>A prefixless CashAddr with a good checksum under another network's prefix, named.</summary>
    public static Spelling? FindOwner(ReadOnlySpan<char> text, BitcoinNetwork network)
    {
        Span<byte> values = stackalloc byte[MaxData];
        foreach (var candidate in BitcoinNetworks.All)
        {
            if (candidate.CashAddrPrefix is { } prefix && prefix != network.CashAddrPrefix && CashAddr.Decode(text, prefix, values).Fault == Base32Fault.None)
                return ForeignSpelling.CashAddr(prefix, network);
        }

        return null;
    }

    /// <summary>Writes a hash as the plain (not token-aware) address; allocates the string only.</summary>
    public static string Write(string prefix, bool isScript, ReadOnlySpan<byte> hash) =>
        CashAddr.Encode(prefix, (byte)(((isScript ? P2shType : P2pkhType) << 3) | (hash.Length == 32 ? 3 : 0)), hash);

    static Spelling Read(ReadOnlySpan<char> data, int offset, BitcoinNetwork network, bool hasCanonicalPrefix, Span<byte> script)
    {
        if (data.Length > MaxData) return Spelling.Refuse(AddressFault.Length, $"{data.Length} characters are too many for an address");
        Span<byte> values = stackalloc byte[MaxData];
        var prefix = network.CashAddrPrefix!;
        var reading = CashAddr.Decode(data, prefix, values);
        switch (reading.Fault)
        {
            case Base32Fault.TooShort or Base32Fault.TooLong:
                return Spelling.Refuse(AddressFault.Length, $"{data.Length} characters after the prefix are too few for an address");
            case Base32Fault.MixedCase:
                return Spelling.Refuse(AddressFault.MixedCase, $"lower and upper case are mixed (from character {offset + reading.Position + 1} on): a CashAddr is all of one case");
            case Base32Fault.BadCharacter:
                return Spelling.Refuse(AddressFault.Character,
                    $"character {offset + reading.Position + 1} ({Spelling.Quote(data[reading.Position])}) does not occur in a CashAddr");
            case Base32Fault.Checksum:
                var place = CashAddr.LocateError(data, prefix);
                return Spelling.Refuse(AddressFault.Checksum, place >= 0
                    ? $"the checksum does not match: character {offset + place + 1} is probably wrong"
                    : "the checksum does not match: more than one character or the prefix is wrong, or some are missing or too many");
        }

        Span<byte> bytes = stackalloc byte[MaxData];
        if (!Base32.TryToBytes(values[..reading.Length], bytes, out var length)) return Spelling.Refuse(AddressFault.Length, "the bits after the last whole byte are not zero or too many");
        return length == 0
            ? Spelling.Refuse(AddressFault.Length, "there is nothing before the checksum")
            : ReadHash(bytes[0], bytes[1..length], hasCanonicalPrefix, script);
    }

    static Spelling ReadHash(byte version, ReadOnlySpan<byte> hash, bool hasCanonicalPrefix, Span<byte> script)
    {
        if (version > 0x7F) return Spelling.Refuse(AddressFault.Unknown, "the reserved bit of the version byte is set");
        if (hash.Length != CashAddr.HashSize(version))
            return Spelling.Refuse(AddressFault.Length, $"the version byte promises {CashAddr.HashSize(version)} bytes of hash, there are {hash.Length}");
        var type = version >> 3;
        var isCanonical = hasCanonicalPrefix && type is P2pkhType or P2shType;
        return (type, hash.Length) switch
        {
            (P2pkhType or TokenP2pkhType, 20) => Spelling.Of(ScriptTemplate.WriteP2pkh(hash, script), isCanonical),
            (P2shType or TokenP2shType, 20 or 32) => Spelling.Of(ScriptTemplate.WriteP2sh(hash, script), isCanonical),
            (<= TokenP2shType, _) => Spelling.Refuse(AddressFault.Length, $"no script takes a hash of {hash.Length} bytes for address type {type}"),
            _ => Spelling.Refuse(AddressFault.Unknown, $"address type {type} does not exist: 0 to 3 do"),
        };
    }
}
