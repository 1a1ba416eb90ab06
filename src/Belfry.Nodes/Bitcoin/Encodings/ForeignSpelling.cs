namespace Belfry.Nodes.Bitcoin.Encodings;

/// <summary>Names the network that a good address of somewhere else belongs to, as far as that can be told.</summary>
static class ForeignSpelling
{
    const byte TronVersion = 0x41;
    const int ExtendedKeyLength = 78;
    const int ExtendedKeyMaterial = 45;

    /// <summary>A Base58Check text with a good checksum whose version is not one of <paramref name="expected"/>'s addresses.</summary>
    public static Spelling Base58(ReadOnlySpan<byte> data, BitcoinNetwork expected)
    {
        var version = data[0];
        var body = data[1..];
        if (data.Length == ExtendedKeyLength)
        {
            return Spelling.Refuse(AddressFault.NotAnAddress, data[ExtendedKeyMaterial] == 0
                ? "this is an extended private key: keep it secret, and watch the addresses or the extended public key that belong to it"
                : "this is an extended public key, not an address: watch it as a wallet");
        }

        if ((body.Length == 32 || (body.Length == 33 && body[^1] == 1)) && BitcoinNetworks.All.Any(network => network.PrivateKeyVersions.Contains(version)))
            return Spelling.Refuse(AddressFault.NotAnAddress, "this is a private key, not an address: keep it secret");
        if (body.Length != Hash160.Size) return Spelling.Refuse(AddressFault.Length, $"an address holds a hash of {Hash160.Size} bytes, this text holds {body.Length}");
        if (version == TronVersion) return Spelling.Refuse(AddressFault.WrongNetwork, $"this is a Tron address, {Follows(expected)}");
        var owners = BitcoinNetworks.All.Where(network => network.PublicKeyHashVersions.Contains(version) || network.ScriptHashVersions.Contains(version));
        return Name(owners, expected) ?? Spelling.Refuse(AddressFault.Unknown, $"address version {version} is of no network known here, {Follows(expected)}");
    }

    /// <summary>A Bech32 prefix that is not one of <paramref name="expected"/>'s; null when nobody has it.</summary>
    public static Spelling? Segwit(ReadOnlySpan<char> prefix, BitcoinNetwork expected)
    {
        var owners = new List<BitcoinNetwork>();
        foreach (var network in BitcoinNetworks.All)
            if (HasPrefix(network, prefix)) owners.Add(network);

        return Name(owners, expected);
    }

    /// <summary>A CashAddr prefix that is not <paramref name="expected"/>'s; null when nobody has it.</summary>
    public static Spelling? CashAddr(ReadOnlySpan<char> prefix, BitcoinNetwork expected)
    {
        if (prefix.Equals("ecash", StringComparison.OrdinalIgnoreCase) || prefix.Equals("ectest", StringComparison.OrdinalIgnoreCase))
            return Spelling.Refuse(AddressFault.WrongNetwork, $"this is an eCash address, {Follows(expected)}");
        if (prefix.Equals("simpleledger", StringComparison.OrdinalIgnoreCase) || prefix.Equals("slptest", StringComparison.OrdinalIgnoreCase))
            return Spelling.Refuse(AddressFault.WrongNetwork, "this is an SLP spelling of an address: give the bitcoincash: one");
        var owners = new List<BitcoinNetwork>();
        foreach (var network in BitcoinNetworks.All)
            if (prefix.Equals(network.CashAddrPrefix, StringComparison.OrdinalIgnoreCase)) owners.Add(network);

        return Name(owners, expected);
    }

    /// <summary>A text that is none of the known forms and may be an address of another family.</summary>
    public static Spelling? OtherFamily(ReadOnlySpan<char> text, BitcoinNetwork expected) =>
        text.Length == 42 && text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) && RawSpelling.IsHex(text[2..])
            ? Spelling.Refuse(AddressFault.WrongNetwork, $"this is an Ethereum-family address, {Follows(expected)}")
            : null;

    /// <summary>Whether a network writes or reads witness programs, or MWEB addresses, under a prefix of either case.</summary>
    public static bool HasPrefix(BitcoinNetwork network, ReadOnlySpan<char> prefix)
    {
        foreach (var candidate in network.SegwitPrefixes)
            if (prefix.Equals(candidate, StringComparison.OrdinalIgnoreCase)) return true;

        return false;
    }

    public static string Follows(BitcoinNetwork expected) => $"chain {expected.Chain} follows {expected.Name}";

    // One prefix or version often serves several networks: those of the expected chain are the likelier mistake.
    static Spelling? Name(IEnumerable<BitcoinNetwork> owners, BitcoinNetwork expected)
    {
        var all = owners.ToList();
        if (all.Count == 0) return null;
        var near = all.Where(network => network.Chain == expected.Chain).Select(network => network.Name).ToList();
        var names = near.Count > 0 ? string.Join(" or ", near) : string.Join(" or ", all.Take(3));
        return Spelling.Refuse(AddressFault.WrongNetwork, $"this is a {names} address, {Follows(expected)}");
    }
}
