namespace Belfry.Nodes.Bitcoin.Encodings;

/// <summary>Addresses in Base58Check: a version byte and a 20-byte hash.</summary>
static class Base58Spelling
{
    // Enough for an extended key with its checksum, so that one can be named.
    const int Room = 96;

    public static Spelling Read(ReadOnlySpan<char> text, BitcoinNetwork network, Span<byte> script)
    {
        Span<byte> data = stackalloc byte[Room];
        switch (Base58Check.Decode(text, data, out var length))
        {
            case Base58Fault.BadCharacter:
                var position = Base58.IndexOfForeign(text);
                return Spelling.Refuse(AddressFault.Character, $"character {position + 1} ({Spelling.Quote(text[position])}) does not occur in {Formats(network)}");
            case Base58Fault.TooLong:
                return Spelling.Refuse(AddressFault.Length, $"{text.Length} characters are too many for an address");
            case Base58Fault.TooShort:
                return Spelling.Refuse(AddressFault.Length, $"{text.Length} characters are too few for an address");
            case Base58Fault.Checksum:
                return Spelling.Refuse(AddressFault.Checksum, "the checksum does not match: a character is wrong, missing or too many");
        }

        var version = data[0];
        var hash = data[1..length];
        if (hash.Length == Hash160.Size)
        {
            var place = network.PublicKeyHashVersions.IndexOf(version);
            if (place >= 0) return Spelling.Of(ScriptTemplate.WriteP2pkh(hash, script), place == 0 && network.CashAddrPrefix is null);
            place = network.ScriptHashVersions.IndexOf(version);
            if (place >= 0) return Spelling.Of(ScriptTemplate.WriteP2sh(hash, script), place == 0 && network.CashAddrPrefix is null);
        }

        return ForeignSpelling.Base58(data[..length], network);
    }

    static string Formats(BitcoinNetwork network) => network switch
    {
        { SegwitPrefixes: [var prefix, ..] } => $"a Base58 address, and the text is no {prefix}1… address",
        { CashAddrPrefix: { } prefix } => $"a legacy address, and the text is no {prefix}: address",
        _ => "an address of this chain",
    };
}
