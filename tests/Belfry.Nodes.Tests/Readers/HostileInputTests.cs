using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin.Readers;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;

namespace Belfry.Nodes.Tests.Readers;

public sealed class HostileInputTests
{
    [Theory]
    [InlineData("block_431")]
    [InlineData("block_432")]
    public void A_block_cut_at_any_byte_is_refused_with_the_place(string name)
    {
        var raw = Reading.Hex($"ltc/regtest-mweb/{name}.hex");
        var decoder = Reading.Decoder(Reading.Litecoin);
        var end = EndOfTransactions(raw);
        for (var length = 0; length < end; length++)
        {
            Should.Throw<MalformedDataException>(() => decoder.MatchBlock(raw.AsMemory(0, length), Reading.Index())).Offset.ShouldBeInRange(0, length);
        }
    }

    [Theory]
    [InlineData("mempool_6448c30c55649fe1a4c29477914a9de543f69798734c9eb344eb7906d12ac48a")]
    [InlineData("pegin_e06bf63eea88d83ea25e38aacaf7c08ff4d572b07b937680834c4892f8af4c62")]
    public void An_mweb_transaction_cut_at_any_byte_or_followed_by_one_is_refused(string name) =>
        ShouldRefuseEveryCut(Reading.Hex($"ltc/regtest-mweb/{name}.hex"), Reading.Litecoin);

    [Fact]
    public void Transactions_of_a_real_block_cut_at_any_byte_or_followed_by_one_are_refused()
    {
        var raw = Reading.Data("btc/mainnet_866342.raw");
        var block = new BlockReader(raw, TransactionFormat.Segwit);
        for (var i = 0; i < 20 && block.MoveNext(); i++) ShouldRefuseEveryCut(block.Current.Raw.ToArray(), TransactionFormat.Segwit);
    }

    [Fact]
    public void Random_bytes_are_refused_or_read_but_never_anything_else() =>
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), static bytes =>
        {
            foreach (var format in new[] { TransactionFormat.Segwit, Reading.Litecoin, TransactionFormat.CashTokens, TransactionFormat.AuxPow })
            {
                Try(() => Reading.Decoder(format).DecodeTransaction(bytes));
                Try(() => Reading.Decoder(format).MatchBlock((byte[])[.. new byte[80], .. bytes], Reading.Index()));
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    [Fact]
    public void A_real_block_with_any_bytes_flipped_is_refused()
    {
        var raw = Reading.Hex("ltc/regtest-mweb/block_432.hex");
        var decoder = Reading.Decoder(Reading.Litecoin);
        var hash = decoder.MatchBlock(raw, Reading.Index()).Hash;
        for (var at = 0; at < EndOfTransactions(raw); at++)
        {
            raw[at] ^= 0x41;
            try
            {
                // A changed header is another block, and a changed witness is not part of any id: everything else must be refused.
                var read = decoder.MatchBlock(raw, Reading.Index());
                if (at is >= 36 and < 68) Assert.Fail($"merkle root changed at byte {at} and accepted");
                if (at < 80) read.Hash.ShouldNotBe(hash);
            }
            catch (MalformedDataException)
            {
                // what most changes lead to
            }

            raw[at] ^= 0x41;
        }
    }

    [Theory]
    [InlineData("fe00000002", "input count")]
    [InlineData("ff0000000001000000", "input count")]
    [InlineData("fd0100", "shortest form")]
    [InlineData("fe02000002", "more than any message")]
    public void Claimed_counts_cost_nothing(string count, string fault)
    {
        byte[] raw = [1, 0, 0, 0, .. Convert.FromHexString(count), .. new byte[64]];
        var decoder = Reading.Decoder();
        Try(() => decoder.DecodeTransaction(raw));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var problem = Should.Throw<MalformedDataException>(() => decoder.DecodeTransaction(raw));
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(100_000);
        problem.Message.ShouldContain(fault);
        problem.What.ShouldBe("transaction");
    }

    static void ShouldRefuseEveryCut(byte[] raw, TransactionFormat format)
    {
        TransactionReader.Read(raw, format).End.ShouldBe(raw.Length);
        var decoder = Reading.Decoder(format);
        for (var length = 0; length < raw.Length; length++) Should.Throw<MalformedDataException>(() => decoder.DecodeTransaction(raw.AsMemory(0, length)));
        Should.Throw<MalformedDataException>(() => decoder.DecodeTransaction((byte[])[.. raw, 0])).Offset.ShouldBe(raw.Length);
    }

    static int EndOfTransactions(byte[] raw)
    {
        var block = new BlockReader(raw, Reading.Litecoin);
        var end = 0;
        while (block.MoveNext()) end = block.Current.End;
        return end;
    }

    static void Try(Action action)
    {
        try
        {
            action();
        }
        catch (MalformedDataException)
        {
            // the one way in which bytes may be refused
        }
    }
}
