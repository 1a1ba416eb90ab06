using System.Security.Cryptography;
using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Encodings;
using Shouldly;

namespace Belfry.Nodes.Tests.Encodings;

public sealed class BitcoinNetworksTests
{
    [Theory]
    [InlineData("btc", "main", "main")]
    [InlineData("btc", "MainNet", "main")]
    [InlineData("btc", "test", "testnet")]
    [InlineData("btc", "testnet3", "testnet")]
    [InlineData("btc", "testnet4", "testnet4")]
    [InlineData("btc", "signet", "signet")]
    [InlineData("btc", " regtest ", "regtest")]
    [InlineData("ltc", "testnet4", "testnet")]
    [InlineData("bch", "testnet4", "testnet4")]
    [InlineData("bch", "chipnet", "chipnet")]
    [InlineData("doge", "testnet", "testnet")]
    public void Names_and_their_aliases_are_found(string chain, string name, string expected) =>
        BitcoinNetworks.Find(new ChainId(chain), name).Name.ShouldBe(expected);

    [Theory]
    [InlineData("ltc", "signet", "Chain 'ltc' has no network 'signet'; known: main, testnet, regtest.")]
    [InlineData("bch", "signet", "Chain 'bch' has no network 'signet'; known: main, testnet, regtest, testnet4, chipnet.")]
    [InlineData("doge", "", "Chain 'doge' has no network ''; known: main, testnet, regtest.")]
    [InlineData("eth", "main", "Chain 'eth' is not of the Bitcoin family; known: btc, ltc, bch, doge.")]
    public void An_unknown_one_is_an_error_that_lists_the_known(string chain, string name, string error)
    {
        BitcoinNetworks.TryFind(new ChainId(chain), name, out _, out var found).ShouldBeFalse();
        found.ShouldBe(error);
        Should.Throw<ArgumentException>(() => BitcoinNetworks.Find(new ChainId(chain), name)).Message.ShouldStartWith(error);
    }

    [Fact]
    public void The_magic_of_signet_is_that_of_its_challenge()
    {
        var challenge = Convert.FromHexString(
            "512103ad5e0edad18cb1f0fc0d28a3d4f1f3e445640337489abb10404f2d1e086be430210359ef5021964fe22d6f8e05b2463c9540ce96883fe3b278760f048f5189f2e6c452ae");
        var hash = SHA256.HashData(SHA256.HashData([(byte)challenge.Length, .. challenge]));
        BitcoinNetworks.Find(new ChainId("btc"), "signet").Magic.ShouldBe(System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(hash));
    }

    // Header fields from the nodes' sources; the genesis transaction's id is the merkle root. Dogecoin and Litecoin hash the header with SHA-256 for its id as well.
    [Theory]
    [InlineData("btc", "main", 1, "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b", 1231006505u, 0x1d00ffffu, 2083236893u)]
    [InlineData("btc", "testnet", 1, "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b", 1296688602u, 0x1d00ffffu, 414098458u)]
    [InlineData("btc", "signet", 1, "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b", 1598918400u, 0x1e0377aeu, 52613770u)]
    [InlineData("btc", "regtest", 1, "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b", 1296688602u, 0x207fffffu, 2u)]
    [InlineData("btc", "testnet4", 1, "7aa0a7ae1e223414cb807e40cd57e667b718e42aaf9306db9102fe28912b7b4e", 1714777860u, 0x1d00ffffu, 393743547u)]
    [InlineData("ltc", "main", 1, "97ddfbbae6be97fd6cdf3e7ca13232a3afff2353e29badfab7f73011edd4ced9", 1317972665u, 0x1e0ffff0u, 2084524493u)]
    [InlineData("ltc", "testnet", 1, "97ddfbbae6be97fd6cdf3e7ca13232a3afff2353e29badfab7f73011edd4ced9", 1486949366u, 0x1e0ffff0u, 293345u)]
    [InlineData("ltc", "regtest", 1, "97ddfbbae6be97fd6cdf3e7ca13232a3afff2353e29badfab7f73011edd4ced9", 1296688602u, 0x207fffffu, 0u)]
    [InlineData("bch", "main", 1, "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b", 1231006505u, 0x1d00ffffu, 2083236893u)]
    [InlineData("bch", "testnet", 1, "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b", 1296688602u, 0x1d00ffffu, 414098458u)]
    [InlineData("bch", "regtest", 1, "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b", 1296688602u, 0x207fffffu, 2u)]
    [InlineData("bch", "testnet4", 1, "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b", 1597811185u, 0x1d00ffffu, 114152193u)]
    [InlineData("bch", "chipnet", 1, "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b", 1597811185u, 0x1d00ffffu, 114152193u)]
    [InlineData("doge", "main", 1, "5b2a3f53f605d62c53e62932dac6925e3d74afa5a4b459745c36d42d0ed26a69", 1386325540u, 0x1e0ffff0u, 99943u)]
    [InlineData("doge", "testnet", 1, "5b2a3f53f605d62c53e62932dac6925e3d74afa5a4b459745c36d42d0ed26a69", 1391503289u, 0x1e0ffff0u, 997879u)]
    [InlineData("doge", "regtest", 1, "5b2a3f53f605d62c53e62932dac6925e3d74afa5a4b459745c36d42d0ed26a69", 1296688602u, 0x207fffffu, 2u)]
    public void The_genesis_hash_is_that_of_the_genesis_header(string chain, string network, int version, string merkleRoot, uint time, uint bits, uint nonce)
    {
        var header = new byte[80];
        using (var writer = new BinaryWriter(new MemoryStream(header)))
        {
            writer.Write(version);
            writer.Write(new byte[32]);
            var root = Convert.FromHexString(merkleRoot);
            Array.Reverse(root);
            writer.Write(root);
            writer.Write(time);
            writer.Write(bits);
            writer.Write(nonce);
        }

        var hash = new byte[32];
        Hash160.ComputeDoubleSha256(header, hash);
        BitcoinNetworks.Find(new ChainId(chain), network).Genesis.Value.ShouldBe(Hash256.FromWire(hash));
    }

    [Fact]
    public void Every_network_can_be_told_by_chain_and_name_and_all_have_eight_decimals()
    {
        BitcoinNetworks.All.Select(network => network.ToString()).ShouldBeUnique();
        BitcoinNetworks.All.ShouldAllBe(network => network.Profile.Decimals == 8);
        BitcoinNetworks.All.ShouldAllBe(network => network.Rules.HasFlag(ScriptRules.Segwit) == !network.SegwitPrefixes.IsEmpty);
        foreach (var chain in new[] { "btc", "ltc", "bch", "doge" }) BitcoinNetworks.Of(new ChainId(chain)).First().Name.ShouldBe("main");
    }
}
