using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Belfry.Core.Chains;

namespace Belfry.Nodes.Bitcoin.Encodings;

/// <summary>The networks of Bitcoin, Litecoin, Bitcoin Cash and Dogecoin that Belfry knows; values as in the nodes' own <c>chainparams.cpp</c>.</summary>
public static class BitcoinNetworks
{
    static readonly TimeSpan TenMinutes = TimeSpan.FromMinutes(10);
    static readonly TimeSpan LitecoinInterval = TimeSpan.FromSeconds(150);

    // Bitcoin Cash parted from Bitcoin in August 2017, Bitcoin SV from Bitcoin Cash in November 2018.
    static readonly BlockRef[] BitcoinForks = [new(478_559, BlockHash.Parse("00000000000000000019f112ec0a9982926f1258cdcc558dd7c3b7e5dc7fa148"))];
    static readonly BlockRef[] BitcoinCashForks =
    [
        new(478_559, BlockHash.Parse("000000000000000000651ef99cb9fcbe0dadde1d424bd9f15ff20136191a5eec")),
        new(556_767, BlockHash.Parse("0000000000000000004626ff6e3b936941d341c5932ece4357eeccac44e6d56c")),
    ];

    /// <summary>Every known network; of one chain the main one first.</summary>
    public static ImmutableArray<BitcoinNetwork> All { get; } = [.. Bitcoin(), .. Litecoin(), .. BitcoinCash(), .. Dogecoin()];

    /// <summary>The networks of a chain, the main one first; none for a chain that is not of this family.</summary>
    public static IEnumerable<BitcoinNetwork> Of(ChainId chain) => All.Where(network => network.Chain == chain);

    /// <summary>Finds a network by chain and name. Also understood: <c>mainnet</c>, <c>test</c>, <c>testnet3</c>, and <c>testnet4</c> where it is the only test network (Litecoin).</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="name">The network's name, of either case.</param>
    /// <param name="network">The network.</param>
    /// <param name="error">What is known, when it is not.</param>
    public static bool TryFind(ChainId chain, string name, [NotNullWhen(true)] out BitcoinNetwork? network, [NotNullWhen(false)] out string? error)
    {
        var known = Of(chain).ToList();
        var plain = name.Trim().ToLowerInvariant();
        var wanted = plain switch
        {
            "mainnet" => "main",
            "test" or "testnet3" => "testnet",
            "testnet4" when !known.Exists(candidate => candidate.Name == "testnet4") => "testnet",
            _ => plain,
        };
        network = known.Find(candidate => candidate.Name == wanted);
        error = network is not null ? null
            : known.Count == 0 ? $"Chain '{chain}' is not of the Bitcoin family; known: {List(All.Select(candidate => candidate.Chain.Value).Distinct())}."
            : $"Chain '{chain}' has no network {Spelling.Quote(name)}; known: {List(known.Select(candidate => candidate.Name))}.";
        return network is not null;
    }

    /// <summary>Finds a network by chain and name, as <see cref="TryFind"/> does.</summary>
    /// <exception cref="ArgumentException">There is none; the message lists the known ones.</exception>
    public static BitcoinNetwork Find(ChainId chain, string network) =>
        TryFind(chain, network, out var found, out var error) ? found : throw new ArgumentException(error, nameof(network));

    static string List(IEnumerable<string> names) => string.Join(", ", names);

    static ChainProfile Profile(string id, string network, int maturity, TimeSpan interval) =>
        new(new ChainId(id), id.ToUpperInvariant(), 8, network, maturity, interval);

    static IEnumerable<BitcoinNetwork> Bitcoin()
    {
        var main = new BitcoinNetwork
        {
            Profile = Profile("btc", "main", 100, TenMinutes),
            PublicKeyHashVersions = [0x00],
            ScriptHashVersions = [0x05],
            PrivateKeyVersions = [0x80],
            SegwitPrefixes = ["bc"],
            Rules = ScriptRules.Segwit | ScriptRules.Anchor,
            Magic = 0xF9BEB4D9,
            PeerPort = 8333,
            RpcPort = 8332,
            Genesis = BlockHash.Parse("000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"),
        };
        var testnet = main with
        {
            Profile = Profile("btc", "testnet", 100, TenMinutes),
            PublicKeyHashVersions = [0x6F],
            ScriptHashVersions = [0xC4],
            PrivateKeyVersions = [0xEF],
            SegwitPrefixes = ["tb"],
            Magic = 0x0B110907,
            PeerPort = 18333,
            RpcPort = 18332,
            Genesis = BlockHash.Parse("000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943"),
        };
        return
        [
            main with { ForkBlocks = BitcoinForks },
            testnet,
            testnet with
            {
                Profile = Profile("btc", "signet", 100, TenMinutes),
                Magic = 0x0A03CF40, // of the default challenge; a signet of one's own has another
                PeerPort = 38333,
                RpcPort = 38332,
                Genesis = BlockHash.Parse("00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6"),
            },
            testnet with
            {
                // The second version and prefix of each kind are those of bcoin's regtest.
                Profile = Profile("btc", "regtest", 100, TenMinutes),
                PublicKeyHashVersions = [0x6F, 0x3C],
                ScriptHashVersions = [0xC4, 0x26],
                PrivateKeyVersions = [0xEF, 0x5A],
                SegwitPrefixes = ["bcrt", "rb"],
                Magic = 0xFABFB5DA,
                PeerPort = 18444,
                RpcPort = 18443,
                Genesis = BlockHash.Parse("0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"),
            },
            testnet with
            {
                Profile = Profile("btc", "testnet4", 100, TenMinutes),
                Magic = 0x1C163F28,
                PeerPort = 48333,
                RpcPort = 48332,
                Genesis = BlockHash.Parse("00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043"),
            },
        ];
    }

    static IEnumerable<BitcoinNetwork> Litecoin()
    {
        var main = new BitcoinNetwork
        {
            Profile = Profile("ltc", "main", 100, LitecoinInterval),
            PublicKeyHashVersions = [0x30],
            ScriptHashVersions = [0x32, 0x05],
            PrivateKeyVersions = [0xB0],
            SegwitPrefixes = ["ltc"],
            MwebPrefix = "ltcmweb",
            Rules = ScriptRules.Segwit | ScriptRules.Mweb,
            Magic = 0xFBC0B6DB,
            PeerPort = 9333,
            RpcPort = 9332,
            Genesis = BlockHash.Parse("12a765e31ffd4059bada1e25190f6e98c99d9714d334efa41a195a7e7e04bfe2"),
        };
        var testnet = main with
        {
            Profile = Profile("ltc", "testnet", 100, LitecoinInterval),
            PublicKeyHashVersions = [0x6F],
            ScriptHashVersions = [0x3A, 0xC4],
            PrivateKeyVersions = [0xEF],
            SegwitPrefixes = ["tltc"],
            MwebPrefix = "tmweb",
            Magic = 0xFDD2C8F1,
            PeerPort = 19335,
            RpcPort = 19332,
            Genesis = BlockHash.Parse("4966625a4b2851d9fdee139e56211a0d88575f59ed816ff5e6a63deb4e3e29a0"),
        };
        return
        [
            main,
            testnet,
            testnet with
            {
                Profile = Profile("ltc", "regtest", 100, LitecoinInterval),
                SegwitPrefixes = ["rltc"],
                Magic = 0xFABFB5DA,
                PeerPort = 19444,
                RpcPort = 19443,
                Genesis = BlockHash.Parse("530827f38f93b43ed12af0b3ad25a288dc02ed74d6d7857862df51fc56c416f9"),
            },
        ];
    }

    static IEnumerable<BitcoinNetwork> BitcoinCash()
    {
        var main = new BitcoinNetwork
        {
            Profile = Profile("bch", "main", 100, TenMinutes),
            PublicKeyHashVersions = [0x00],
            ScriptHashVersions = [0x05],
            PrivateKeyVersions = [0x80],
            CashAddrPrefix = "bitcoincash",
            Rules = ScriptRules.P2sh32,
            Magic = 0xE3E1F3E8,
            PeerPort = 8333,
            RpcPort = 8332,
            Genesis = BlockHash.Parse("000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"),
        };
        var testnet = main with
        {
            Profile = Profile("bch", "testnet", 100, TenMinutes),
            PublicKeyHashVersions = [0x6F],
            ScriptHashVersions = [0xC4],
            PrivateKeyVersions = [0xEF],
            CashAddrPrefix = "bchtest",
            Magic = 0xF4E5F3F4,
            PeerPort = 18333,
            RpcPort = 18332,
            Genesis = BlockHash.Parse("000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943"),
        };
        var testnet4 = testnet with
        {
            Profile = Profile("bch", "testnet4", 100, TenMinutes),
            Magic = 0xE2B7DAAF,
            PeerPort = 28333,
            RpcPort = 28332,
            Genesis = BlockHash.Parse("000000001dd410c49a788668ce26751718cc797474d3152a5fc073dd44fd9f7b"),
        };
        return
        [
            main with { ForkBlocks = BitcoinCashForks },
            testnet,
            testnet with
            {
                // The second version of each kind is that of bcash's regtest.
                Profile = Profile("bch", "regtest", 100, TenMinutes),
                PublicKeyHashVersions = [0x6F, 0x3C],
                ScriptHashVersions = [0xC4, 0x26],
                PrivateKeyVersions = [0xEF, 0x5A],
                CashAddrPrefix = "bchreg",
                Magic = 0xDAB5BFFA,
                PeerPort = 18444,
                RpcPort = 18443,
                Genesis = BlockHash.Parse("0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"),
            },
            testnet4,
            testnet4 with { Profile = Profile("bch", "chipnet", 100, TenMinutes), PeerPort = 48333, RpcPort = 48334 },
        ];
    }

    static IEnumerable<BitcoinNetwork> Dogecoin()
    {
        // Maturity is that from block 145,000 on; it was 30 before. Dogecoin's regtest uses 60.
        var main = new BitcoinNetwork
        {
            Profile = Profile("doge", "main", 240, TimeSpan.FromMinutes(1)),
            PublicKeyHashVersions = [0x1E],
            ScriptHashVersions = [0x16],
            PrivateKeyVersions = [0x9E],
            Rules = ScriptRules.None,
            Magic = 0xC0C0C0C0,
            PeerPort = 22556,
            RpcPort = 22555,
            Genesis = BlockHash.Parse("1a91e3dace36e2be3bf030a65679fe821aa1d6ef92e7c9902eb318182c355691"),
        };
        return
        [
            main,
            main with
            {
                Profile = Profile("doge", "testnet", 240, TimeSpan.FromMinutes(1)),
                PublicKeyHashVersions = [0x71],
                ScriptHashVersions = [0xC4],
                PrivateKeyVersions = [0xF1],
                Magic = 0xFCC1B7DC,
                PeerPort = 44556,
                RpcPort = 44555,
                Genesis = BlockHash.Parse("bb0a78264637406b6360aad926284d544d7049f45189db5664f3c4d07350559e"),
            },
            main with
            {
                Profile = Profile("doge", "regtest", 60, TimeSpan.FromMinutes(1)),
                PublicKeyHashVersions = [0x6F],
                ScriptHashVersions = [0xC4],
                PrivateKeyVersions = [0xEF],
                Magic = 0xFABFB5DA,
                PeerPort = 18444,
                RpcPort = 18332,
                Genesis = BlockHash.Parse("3d2160a3b5dc4a9d62e7e66a295f70313ac808440ef7400d6c0772171ce973a5"),
            },
        ];
    }
}
