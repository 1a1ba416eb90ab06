namespace Belfry.Nodes.Bitcoin.Peer;

/// <summary>How one network's nodes speak to each other.</summary>
/// <param name="Magic">The four bytes that start every message, read as a big-endian number: <c>0xf9beb4d9</c> for Bitcoin.</param>
/// <param name="ProtocolVersion">The version that Belfry offers.</param>
/// <param name="Witness">Transactions and blocks are asked for with their witnesses.</param>
/// <param name="Mweb">Transactions and blocks are asked for with their MWEB part (Litecoin): without it an MWEB transaction arrives as another one.</param>
/// <param name="PlainHeaders">Headers are 80 bytes. Merge-mined chains (Dogecoin) send proofs with them, and are heard by <c>inv</c> alone.</param>
/// <param name="MaxMessageBytes">A longer message ends the connection before it is read.</param>
public sealed record PeerParameters(
    uint Magic, int ProtocolVersion = 70016, bool Witness = false, bool Mweb = false, bool PlainHeaders = true, int MaxMessageBytes = 4_000_000)
{
    /// <summary>Blocks of Bitcoin Cash have 32 MB.</summary>
    const int BchMessageBytes = 33_000_000;

    /// <summary>4 MB of block and the extension block behind it.</summary>
    const int LtcMessageBytes = 8_000_000;

    /// <summary>The parameters of a chain that Belfry knows by itself, or null.</summary>
    /// <param name="chain">Lower-case id: <c>btc</c>, <c>ltc</c>, <c>bch</c>, <c>doge</c>.</param>
    /// <param name="network"><c>main</c>, <c>testnet</c>, <c>testnet4</c>, <c>signet</c> or <c>regtest</c>.</param>
    public static PeerParameters? Find(string chain, string network) => (chain, network) switch
    {
        ("btc", "main") => Btc(0xf9beb4d9),
        ("btc", "testnet") => Btc(0x0b110907),
        ("btc", "testnet4") => Btc(0x1c163f28),
        ("btc", "signet") => Btc(0x0a03cf40),
        ("btc", "regtest") => Btc(0xfabfb5da),
        ("ltc", "main") => Ltc(0xfbc0b6db),
        ("ltc", "testnet") => Ltc(0xfdd2c8f1),
        ("ltc", "regtest") => Ltc(0xfabfb5da),
        ("bch", "main") => Bch(0xe3e1f3e8),
        ("bch", "testnet") => Bch(0xf4e5f3f4),
        ("bch", "testnet4") => Bch(0xe2b7daaf),
        ("bch", "regtest") => Bch(0xdab5bffa),
        ("doge", "main") => Doge(0xc0c0c0c0),
        ("doge", "testnet") => Doge(0xfcc1b7dc),
        ("doge", "regtest") => Doge(0xfabfb5da),
        _ => null,
    };

    static PeerParameters Btc(uint magic) => new(magic, Witness: true);

    static PeerParameters Ltc(uint magic) => new(magic, Witness: true, Mweb: true, MaxMessageBytes: LtcMessageBytes);

    static PeerParameters Bch(uint magic) => new(magic, ProtocolVersion: 70015, MaxMessageBytes: BchMessageBytes);

    static PeerParameters Doge(uint magic) => new(magic, ProtocolVersion: 70015, PlainHeaders: false);
}
