using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.Nodes.Bitcoin.Readers;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;

namespace Belfry.Nodes.Tests.Readers;

public sealed class BitcoinDecoderTests
{
    static readonly Script Watched = Script.Parse("0014" + new string('a', 40));
    static readonly byte[] Other = Convert.FromHexString("0014" + new string('b', 40));

    [Fact]
    public void A_spend_of_a_watched_output_of_the_same_block_is_found_in_either_order()
    {
        var payment = Pay(Coin(1), new RawOutput(7, Other), new RawOutput(5, Watched.Memory));
        var spend = Pay(new OutPoint(TransactionWriter.Id(payment), 1), new RawOutput(4, Other));
        var unrelated = Pay(new OutPoint(TransactionWriter.Id(payment), 0), new RawOutput(4, Other));
        foreach (var order in new[] { new[] { payment, spend, unrelated }, [spend, unrelated, payment] })
        {
            var index = Reading.Index();
            index.Add(Watched);
            var block = Reading.Decoder().MatchBlock(Block([Coinbase(Other), .. order]), index);
            block.Matches.Select(match => match.Id).ShouldBe([TransactionWriter.Id(payment), TransactionWriter.Id(spend)], ignoreOrder: true);
            block.Matches.ShouldAllBe(match => !match.IsCoinbase && match.Position > 0);
        }
    }

    [Fact]
    public void A_spend_of_a_watched_outpoint_is_found_and_the_whole_transaction_told()
    {
        var spend = Pay(Coin(9), new RawOutput(4, Other), new RawOutput(long.MaxValue, Watched.Memory));
        var index = Reading.Index();
        index.Add(Coin(9));
        var match = Reading.Decoder().MatchTransaction(TransactionWriter.Write(spend), index).Match.ShouldNotBeNull();
        match.Id.ShouldBe(TransactionWriter.Id(spend));
        match.Position.ShouldBe(-1);
        match.Inputs.ShouldBe([new TxInput(Coin(9), null)]);
        match.Outputs.ShouldBe([new TxOutput(0, new Script(Other), 4), new TxOutput(1, Watched, long.MaxValue)]);
        index.Remove(Coin(9));
        Reading.Decoder().MatchTransaction(TransactionWriter.Write(spend), index).Match.ShouldBeNull();
    }

    [Fact]
    public void A_coinbase_is_told_as_such_and_has_no_inputs()
    {
        var index = Reading.Index();
        index.Add(Watched);
        var match = Reading.Decoder().MatchBlock(Block([Coinbase(Watched.Memory)]), index).Matches.ShouldHaveSingleItem();
        (match.IsCoinbase, match.Position, match.Inputs.Count).ShouldBe((true, 0, 0));
    }

    [Fact]
    public void A_block_whose_end_is_repeated_is_refused_although_the_merkle_root_holds()
    {
        RawTransaction[] honest = [Coinbase(Other), Pay(Coin(1)), Pay(Coin(2))];
        var root = TransactionWriter.MerkleRoot([.. honest.Select(TransactionWriter.Id)]);
        var forged = TransactionWriter.WriteBlock(new RawBlockHeader(1, default, root, 0, 0, 0), [.. honest, honest[2]]);
        Should.Throw<MalformedDataException>(() => Reading.Decoder().MatchBlock(forged, Reading.Index())).Message.ShouldContain("CVE-2012-2459");
    }

    [Fact]
    public void A_token_prefix_does_not_hide_a_watched_script()
    {
        foreach (var token in new[] { "ef" + new string('1', 64) + "10fd0302", "ef" + new string('1', 64) + "6102beef", "ef" + new string('1', 64) + "20" })
        {
            var output = new RawOutput(800, (byte[])[.. Convert.FromHexString(token), .. Watched.Span]);
            var index = Reading.Index();
            index.Add(Watched);
            var raw = TransactionWriter.Write(Pay(Coin(1), output));
            Reading.Decoder(TransactionFormat.CashTokens).MatchTransaction(raw, index).Match.ShouldNotBeNull(token).Outputs[0].Script.ShouldBe(Watched);
            Reading.Decoder().MatchTransaction(raw, index).Match.ShouldBeNull();
        }
    }

    [Fact]
    public void Bytes_that_only_look_like_a_token_prefix_stay_part_of_the_script()
    {
        foreach (var prefix in new[] { "ef", "ef" + new string('1', 64) + "00", "ef" + new string('1', 64) + "1000", "ef" + new string('1', 64) + "4001aa", "ef" + new string('1', 64) + "23" })
        {
            byte[] script = [.. Convert.FromHexString(prefix), .. Watched.Span];
            var raw = TransactionWriter.Write(Pay(Coin(1), new RawOutput(800, script)));
            Reading.Decoder(TransactionFormat.CashTokens).DecodeTransaction(raw).Outputs[0].Script.ShouldBe(new Script(script), prefix);
        }
    }

    [Fact]
    public void The_proof_of_a_merge_mined_block_is_skipped()
    {
        RawTransaction[] transactions = [Coinbase(Watched.Memory), Pay(Coin(1))];
        var root = TransactionWriter.MerkleRoot([.. transactions.Select(TransactionWriter.Id)]);
        var header = new RawBlockHeader(0x620104, default, root, 0, 0, 0);
        var plain = TransactionWriter.WriteBlock(header, transactions);
        byte[] proof = [.. TransactionWriter.Write(Coinbase(Other)), .. new byte[32], 2, .. new byte[64 + 4], 0, .. new byte[4], .. new byte[80]];
        byte[] merged = [.. plain[..80], .. proof, .. plain[80..]];
        var index = Reading.Index();
        index.Add(Watched);
        var decoder = Reading.Decoder(TransactionFormat.AuxPow);
        var block = decoder.MatchBlock(merged, index);
        (block.Hash, block.TransactionCount, block.Matches.Count).ShouldBe((TransactionWriter.Hash(header), 2, 1));
        for (var length = 80; length < merged.Length; length++) Should.Throw<MalformedDataException>(() => decoder.MatchBlock(merged.AsMemory(0, length), index));
    }

    [Fact]
    public void The_script_that_an_input_is_said_to_spend_is_the_one_that_it_spends()
    {
        var raw = Reading.Data("btc/mainnet_866342.raw");
        var decoder = new BitcoinDecoder(BitcoinNetworks.Find(new ChainId("btc"), "main"));
        var paid = new Dictionary<OutPoint, Script>();
        var named = new List<TxInput>();
        var block = new BlockReader(raw, TransactionFormat.Segwit);
        while (block.MoveNext())
        {
            var transaction = decoder.DecodeTransaction(block.Current.Raw.ToArray());
            foreach (var output in transaction.Outputs) paid[new OutPoint(transaction.Id, output.Index)] = output.Script;
            named.AddRange(transaction.Inputs.Where(input => input.Claimed is not null));
        }

        var checkable = named.Where(input => paid.ContainsKey(input.Previous)).ToList();
        checkable.Count.ShouldBeGreaterThan(100);
        foreach (var input in checkable) input.Claimed.ShouldBe(paid[input.Previous]);
    }

    [Fact]
    public void A_real_block_in_which_nothing_matches_costs_at_most_64_KB_of_memory()
    {
        var raw = Reading.Data("btc/mainnet_866342.raw");
        var index = Reading.Index();
        index.Add(Watched);
        index.Add(Coin(1));
        var decoder = Reading.Decoder();
        // The steady state: the runtime's own vector methods allocate until they have been recompiled hot.
        var least = long.MaxValue;
        for (var i = 0; i < 500 && least > 64 * 1024; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            decoder.MatchBlock(raw, index).Matches.ShouldBeEmpty();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        least.ShouldBeLessThanOrEqualTo(64 * 1024);
    }

    [Fact]
    public void Every_script_of_a_real_block_is_found_with_all_its_payments_and_spends_within_the_block()
    {
        var raw = Reading.Data("btc/mainnet_866342.raw");
        var decoder = new BitcoinDecoder(BitcoinNetworks.Find(new ChainId("btc"), "main"));
        var all = new List<ChainTransaction>();
        var block = new BlockReader(raw, TransactionFormat.Segwit);
        while (block.MoveNext()) all.Add(decoder.DecodeTransaction(block.Current.Raw.ToArray()) with { Position = all.Count });
        var paying = all.SelectMany(tx => tx.Outputs, (tx, output) => (tx, output)).ToLookup(pair => pair.output.Script);
        foreach (var script in paying.Select(group => group.Key).Where((_, i) => i % 50 == 0))
        {
            var coins = paying[script].Select(pair => new OutPoint(pair.tx.Id, pair.output.Index)).ToHashSet();
            var expected = all.Where(tx => tx.Outputs.Any(output => output.Script.Equals(script)) || tx.Inputs.Any(input => coins.Contains(input.Previous)));
            var index = Reading.Index();
            index.Add(script);
            decoder.MatchBlock(raw, index).Matches.Select(match => match.Position).ShouldBe(expected.Select(tx => tx.Position));
        }
    }

    [Fact]
    public void Any_transaction_survives_writing_and_reading() =>
        Prop.ForAll(ArbMap.Default.ArbFor<(int Version, uint LockTime, (byte[] Script, uint Sequence, byte[][] Witness)[] Inputs, (long Value, byte[] Script)[] Outputs)>(), static shape =>
        {
            if (shape.Inputs.Length == 0) return;
            var transaction = new RawTransaction(
                shape.Version,
                [.. shape.Inputs.Select((input, i) => new RawInput(Coin((byte)i), input.Script ?? [], input.Sequence, [.. (input.Witness ?? []).Select(item => (ReadOnlyMemory<byte>)(item ?? []))]))],
                [.. shape.Outputs.Select(output => new RawOutput(output.Value, output.Script ?? []))],
                shape.LockTime);
            var raw = TransactionWriter.Write(transaction);
            var reader = TransactionReader.Read(raw, TransactionFormat.Segwit);
            TransactionWriter.Write(Copying.Copy(reader)).ShouldBe(raw);
            (reader.ComputeId(), reader.ComputeWitnessId()).ShouldBe((TransactionWriter.Id(transaction), TransactionWriter.WitnessId(transaction)));
            (reader.InputCount, reader.OutputCount, reader.HasWitness).ShouldBe((transaction.Inputs.Count, transaction.Outputs.Count, transaction.HasWitness));
        }).QuickCheckThrowOnFailure();

    static OutPoint Coin(byte number) => new(new TxHash(new Hash256((byte[])[.. new byte[31], (byte)(number + 1)])), number);

    static RawTransaction Pay(OutPoint coin, params RawOutput[] outputs) =>
        new(2, [new RawInput(coin, new byte[] { 2, 1, 3 }, 0xfffffffd)], outputs is [] ? [new RawOutput(1, Other)] : outputs, 0);

    static RawTransaction Coinbase(ReadOnlyMemory<byte> script) =>
        new(1, [new RawInput(new OutPoint(default, uint.MaxValue), new byte[] { 1, 2 }, uint.MaxValue)], [new RawOutput(50, script)], 0);

    static byte[] Block(IReadOnlyList<RawTransaction> transactions) => TransactionWriter.WriteBlock(
        new RawBlockHeader(1, default, TransactionWriter.MerkleRoot([.. transactions.Select(TransactionWriter.Id)]), 1_700_000_000, 0, 0), transactions);
}
