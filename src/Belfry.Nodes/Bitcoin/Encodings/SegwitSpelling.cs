using System.Diagnostics;

namespace Belfry.Nodes.Bitcoin.Encodings;

/// <summary>Witness programs in Bech32 and Bech32m (BIP 173, BIP 350).</summary>
static class SegwitSpelling
{
    const int MinProgram = 2;
    const int MaxProgram = 40;

    /// <summary>Whether a text starts with the witness prefix of any known network, of either case, and the separator.</summary>
    public static bool IsKnown(ReadOnlySpan<char> text, out ReadOnlySpan<char> prefix)
    {
        var separator = text.LastIndexOf('1');
        prefix = separator > 0 ? text[..separator] : default;
        if (separator is < 1 or > 4) return false;
        foreach (var network in BitcoinNetworks.All)
            if (ForeignSpelling.HasPrefix(network, prefix)) return true;

        return false;
    }

    /// <summary>An MWEB address: real, but what it receives is encrypted in the extension block.</summary>
    public static Spelling? RefuseMweb(ReadOnlySpan<char> text)
    {
        foreach (var network in BitcoinNetworks.All)
        {
            if (network.MwebPrefix is { } prefix && text.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) && text.Length > prefix.Length && text[prefix.Length] == '1')
            {
                return Spelling.Refuse(AddressFault.Unobservable,
                    "this is an MWEB stealth address: the chain does not show what it receives, so it cannot be observed; peg-outs to an ordinary address can");
            }
        }

        return null;
    }

    public static Spelling Read(ReadOnlySpan<char> text, BitcoinNetwork network, Span<byte> script)
    {
        Span<byte> values = stackalloc byte[Bech32.MaxLength];
        var reading = Bech32.Decode(text, values);
        if (reading.Fault != Base32Fault.None) return Refuse(text, reading, values);
        var prefix = text[..reading.Separator];
        if (!ForeignSpelling.HasPrefix(network, prefix))
        {
            return ForeignSpelling.Segwit(prefix, network)
                ?? Spelling.Refuse(AddressFault.Unknown, $"the prefix {Spelling.Quote(prefix)} is of no network known here, {ForeignSpelling.Follows(network)}");
        }

        if (reading.Length == 0) return Spelling.Refuse(AddressFault.Length, "there is nothing between the prefix and the checksum");
        return ReadProgram(text, reading, values[..reading.Length], network, script);
    }

    static Spelling ReadProgram(ReadOnlySpan<char> text, Bech32Reading reading, ReadOnlySpan<byte> values, BitcoinNetwork network, Span<byte> script)
    {
        int version = values[0];
        if (version > 16) return Spelling.Refuse(AddressFault.Unknown, $"witness version {version} does not exist: 0 to 16 do");
        if (reading.Variant != VariantOf(version))
        {
            return Spelling.Refuse(AddressFault.ChecksumVariant,
                $"witness version {version} takes a {VariantOf(version)} checksum, this one is {reading.Variant}: made by software that mixes up BIP 173 and BIP 350");
        }

        Span<byte> program = stackalloc byte[Bech32.MaxLength];
        if (!Base32.TryToBytes(values[1..], program, out var length)) return Spelling.Refuse(AddressFault.Length, "the bits after the last whole byte are not zero or too many");
        if (length is < MinProgram or > MaxProgram)
            return Spelling.Refuse(AddressFault.Length, $"a witness program has {MinProgram} to {MaxProgram} bytes, this one has {length}");
        if (version == 0 && length is not (20 or 32)) return Spelling.Refuse(AddressFault.Length, $"a program of witness version 0 has 20 or 32 bytes, this one has {length}");
        if (length == 32 && version is 8 or 9 && network.Rules.HasFlag(ScriptRules.Mweb))
        {
            return Spelling.Refuse(AddressFault.Unobservable, version == 8
                ? "this is the MWEB hogaddr, which is another one in each block: there is nothing to watch"
                : "this is an MWEB peg-in, which pays into the extension block: there is no address to watch");
        }

        var isCanonical = reading.Separator == network.SegwitPrefixes[0].Length && text[..reading.Separator].SequenceEqual(network.SegwitPrefixes[0]) && !HasUpper(text);
        return Spelling.Of(ScriptTemplate.WriteWitness(version, program[..length], script), isCanonical);
    }

    /// <summary>Writes a witness program under a prefix; allocates the string only.</summary>
    public static string Write(string prefix, int version, ReadOnlySpan<byte> program)
    {
        Span<byte> values = stackalloc byte[Bech32.MaxLength];
        values[0] = (byte)version;
        var count = Base32.ToValues(program, values[1..]);
        return Bech32.Encode(prefix, values[..(count + 1)], VariantOf(version));
    }

    static Bech32Variant VariantOf(int version) => version == 0 ? Bech32Variant.Bech32 : Bech32Variant.Bech32m;

    static bool HasUpper(ReadOnlySpan<char> text) => text.ContainsAnyInRange('A', 'Z');

    static Spelling Refuse(ReadOnlySpan<char> text, Bech32Reading reading, ReadOnlySpan<byte> values)
    {
        switch (reading.Fault)
        {
            case Base32Fault.TooLong:
                return Spelling.Refuse(AddressFault.Length, $"a Bech32 address has at most {Bech32.MaxLength} characters, this one has {text.Length}");
            case Base32Fault.TooShort:
                return Spelling.Refuse(AddressFault.Length, $"{text.Length} characters are too few for an address");
            case Base32Fault.MixedCase:
                return Spelling.Refuse(AddressFault.MixedCase, $"lower and upper case are mixed (from character {reading.Position + 1} on): a Bech32 address is all of one case");
            case Base32Fault.BadCharacter:
                return Spelling.Refuse(AddressFault.Character,
                    $"character {reading.Position + 1} ({Spelling.Quote(text[reading.Position])}) does not occur in a Bech32 address");
            case Base32Fault.Checksum:
                var place = Bech32.LocateError(text, reading.Length > 0 ? VariantOf(values[0]) : Bech32Variant.Bech32);
                return Spelling.Refuse(AddressFault.Checksum, place >= 0
                    ? $"the checksum does not match: character {place + 1} is probably wrong"
                    : "the checksum does not match: more than one character is wrong, or some are missing or too many");
            default:
                throw new UnreachableException($"A text with a known prefix cannot end in {reading.Fault}.");
        }
    }
}
