using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.TestKit;
using Shouldly;

namespace Belfry.Nodes.Tests.Encodings;

public sealed class ScriptInferenceTests
{
    const ScriptRules Bitcoin = ScriptRules.Segwit | ScriptRules.Anchor;

    static readonly byte[] Key = Convert.FromHexString("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
    static readonly byte[] Other = Convert.FromHexString("02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5");

    // r and s of 32 bytes without a sign byte, hash type ALL.
    static readonly byte[] Sig = [0x30, 0x44, 0x02, 0x20, .. Enumerable.Repeat((byte)0x11, 32), 0x02, 0x20, .. Enumerable.Repeat((byte)0x22, 32), 0x01];

    static readonly byte[] OneOfTwo = [0x51, 33, .. Key, 33, .. Other, 0x52, 0xAE];

    /// <summary>Every input of two real blocks: what is told is what was spent, always. Not told: 20,000 of a nonstandard script in the first, taproot in the second.</summary>
    [Theory]
    [InlineData("btc/mainnet_367891", 20817, 817)]
    [InlineData("btc/mainnet_866342", 7972, 5599)]
    public void No_input_of_a_real_block_is_told_wrong(string block, int inputs, int toldInputs)
    {
        var raw = File.ReadAllBytes(SharedData.Path(block + ".raw"));
        using var prevouts = JsonDocument.Parse(new GZipStream(File.OpenRead(SharedData.Path(block + ".spent_utxos.json.gz")), CompressionMode.Decompress));
        var spent = prevouts.RootElement.EnumerateArray().Select(prevout => prevout.GetProperty("txout").GetProperty("script_pubkey").GetString()!).ToList();
        var untold = new SortedDictionary<string, int>(StringComparer.Ordinal);
        int seen = 0, told = 0;
        foreach (var (scriptSig, witness) in RawBlock.Inputs(raw))
        {
            var prevout = spent[seen++];
            var script = ScriptInference.FromInput(scriptSig, witness, Bitcoin)?.ToString();
            if (script is null)
            {
                var type = ScriptTemplate.Match(Convert.FromHexString(prevout), Bitcoin).Name;
                untold[type] = untold.GetValueOrDefault(type) + 1;
                continue;
            }

            script.ShouldBe(prevout, $"input {seen - 1}");
            told++;
        }

        seen.ShouldBe(spent.Count);
        seen.ShouldBe(inputs);
        told.ShouldBe(toldInputs, string.Join(", ", untold));
        untold.Keys.ShouldNotContain("p2pkh");
        untold.Keys.ShouldNotContain("p2wpkh");
    }

    [Fact]
    public void A_key_hash_is_told_from_signature_and_key() =>
        Infer([.. Push(Sig), .. Push(Key)], []).ShouldBe("76a914751e76e8199196d454941c45d1b3a323f1433bd688ac");

    [Fact]
    public void A_witness_key_hash_is_told_plain_and_nested()
    {
        var witness = Witness(Sig, Key);
        Infer([], witness).ShouldBe("0014751e76e8199196d454941c45d1b3a323f1433bd6");
        Infer([22, 0, 20, .. Convert.FromHexString("751e76e8199196d454941c45d1b3a323f1433bd6")], witness).ShouldBe("a914bcfeb728b584253d5f3f70bcb780e9ef218a68f487");
    }

    [Fact]
    public void A_nested_program_that_the_witness_does_not_hash_to_is_not_told()
    {
        Infer([22, 0, 20, .. new byte[20]], Witness(Sig, Key)).ShouldBeNull();
        Infer([34, 0, 32, .. new byte[32]], Witness([], Sig, OneOfTwo)).ShouldBeNull();
        Infer([22, 0, 20, .. Convert.FromHexString("751e76e8199196d454941c45d1b3a323f1433bd6")], Witness(Sig, Sig, Key)).ShouldBeNull();
        Infer([23, 0, 20, .. Convert.FromHexString("751e76e8199196d454941c45d1b3a323f1433bd6")], Witness(Sig, Key)).ShouldBeNull();
    }

    [Fact]
    public void Multisig_is_told_in_all_three_wrappings()
    {
        var hash = new byte[20];
        Hash160.Compute(OneOfTwo, hash);
        Infer([0, .. Push(Sig), .. Push(OneOfTwo)], []).ShouldBe($"a914{Convert.ToHexStringLower(hash)}87");
        var program = SHA256.HashData(OneOfTwo);
        Infer([], Witness([], Sig, OneOfTwo)).ShouldBe($"0020{Convert.ToHexStringLower(program)}");
        Hash160.Compute([0, 32, .. program], hash);
        Infer([34, 0, 32, .. program], Witness([], Sig, OneOfTwo)).ShouldBe($"a914{Convert.ToHexStringLower(hash)}87");
    }

    [Fact]
    public void Multisig_with_the_wrong_number_of_signatures_is_not_told()
    {
        Infer([0, .. Push(Sig), .. Push(Sig), .. Push(OneOfTwo)], []).ShouldBeNull();
        Infer([0, .. Push(OneOfTwo)], []).ShouldBeNull();
        Infer([.. Push(Sig), .. Push(Sig), .. Push(OneOfTwo)], []).ShouldBeNull();
    }

    [Fact]
    public void On_Bitcoin_Cash_multisig_may_be_either_hash_and_is_not_told_but_a_Schnorr_key_hash_is()
    {
        ScriptInference.FromInput([0, .. Push(Sig), .. Push(OneOfTwo)], [], ScriptRules.P2sh32).ShouldBeNull();
        byte[] schnorr = [65, .. Enumerable.Repeat((byte)7, 64), 0x41, .. Push(Key)];
        ScriptInference.FromInput(schnorr, [], ScriptRules.P2sh32)!.ToString().ShouldBe("76a914751e76e8199196d454941c45d1b3a323f1433bd688ac");
        ScriptInference.FromInput(schnorr, [], ScriptRules.None).ShouldBeNull();
        ScriptInference.FromInput([], Witness(Sig, Key), ScriptRules.P2sh32).ShouldBeNull();
    }

    [Fact]
    public void What_may_be_taproot_is_not_told()
    {
        byte[] control = [0xC0, .. new byte[32]];
        Infer([], Witness(new byte[64])).ShouldBeNull();
        Infer([], Witness(new byte[65])).ShouldBeNull();
        Infer([], Witness(new byte[64], [0x50, 1, 2])).ShouldBeNull();
        Infer([], Witness([0x51], control)).ShouldBeNull();
        Infer([], Witness([0x51], [.. control, .. new byte[32]])).ShouldBeNull();

        // Leaf version 2 and a victim's key as the internal key: valid by consensus, and not a spend of the victim's.
        Infer([], Witness([0x51], Key)).ShouldBeNull();
    }

    [Fact]
    public void Looks_alone_are_not_enough()
    {
        Infer([], []).ShouldBeNull();
        Infer([.. Push(Sig)], []).ShouldBeNull();
        Infer([.. Push(new byte[71]), .. Push(Key)], []).ShouldBeNull();
        Infer([.. Push(Sig), .. Push(new byte[33])], []).ShouldBeNull();
        Infer([.. Push(Sig), .. Push(Key), 0x51], []).ShouldBeNull();
        Infer([.. Push(Sig), .. Push(Key)[..^1]], []).ShouldBeNull();
        Infer([0x4C, (byte)Sig.Length, .. Sig, .. Push(Key)], []).ShouldBeNull(); // not the one-byte push that everybody uses
        Infer([], [2, 1]).ShouldBeNull();
        Infer([], [0xFF, 255, 255, 255, 255, 255, 255, 255, 255]).ShouldBeNull();
        Infer([], [.. Witness(Sig, Key), 0]).ShouldBeNull();
    }

    static string? Infer(byte[] scriptSig, byte[] witness) => ScriptInference.FromInput(scriptSig, witness, Bitcoin)?.ToString();

    static byte[] Push(byte[] data) => [(byte)data.Length, .. data];

    static byte[] Witness(params byte[][] items) => [(byte)items.Length, .. items.SelectMany(Push)];
}
