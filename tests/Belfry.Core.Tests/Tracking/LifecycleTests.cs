using Belfry.Core.Chains;
using Belfry.Core.Hosting;
using Belfry.Core.Ledger;
using Belfry.Core.Runtime;
using Belfry.Core.Tracking;
using Belfry.Core.Watches;
using Shouldly;

namespace Belfry.Core.Tests.Tracking;

public sealed class LifecycleTests
{
    static readonly Script Watched = new(new byte[] { 0x51 });
    static readonly ChainProfile Profile = new(new ChainId("btc"), "BTC", 8, "regtest", 100, TimeSpan.FromMinutes(10));

    readonly Lifecycle lifecycle = new(new OpenTransactions(new WatchIndex(new FingerprintKey(SystemEntropy.Instance))), new ConfirmationPlan(Profile, new ChainOptions()));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_rival_that_spends_from_another_rival_is_lost_once(bool inBlock)
    {
        // 2 spends from 1, and 3 takes an input of each: the chain of both breaks, and 2 is a rival and a child.
        Arrive(1, (100, 0));
        Arrive(2, (1, 0), (101, 0));
        lifecycle.TakeFacts();

        var winner = Appraise(3, (100, 0), (101, 0));
        if (inBlock) lifecycle.Confirm(winner, new BlockHeader(new BlockRef(7, default), default, DateTimeOffset.UnixEpoch, 7, true), new ChangeNote());
        else lifecycle.Arrive(winner, new ChangeNote());

        var lost = lifecycle.TakeFacts().OfType<Fact.Changed>().Where(fact => fact.After.State is TxState.Replaced or TxState.Conflicted).ToList();
        lost.Select(fact => fact.After.Id).ShouldBe([Id(1), Id(2)]);
        lost.ShouldAllBe(fact => fact.Note.Reason == (inBlock ? "conflict_in_block" : "replaced"));
    }

    [Fact]
    public void A_grandchild_that_is_also_a_child_is_lost_once()
    {
        Arrive(1, (100, 0));
        Arrive(2, (1, 0));
        Arrive(3, (1, 1), (2, 0));
        lifecycle.TakeFacts();

        lifecycle.Arrive(Appraise(4, (100, 0)), new ChangeNote());

        lifecycle.TakeFacts().OfType<Fact.Changed>().Count(fact => fact.After.Id == Id(3)).ShouldBe(1);
    }

    void Arrive(byte id, params (byte Parent, uint Index)[] inputs) => lifecycle.Arrive(Appraise(id, inputs), new ChangeNote()).ShouldBe(Arrival.Changed);

    static Appraisal Appraise(byte id, params (byte Parent, uint Index)[] inputs)
    {
        var transaction = new ChainTransaction
        {
            Id = Id(id),
            IsCoinbase = false,
            Position = -1,
            Inputs = [.. inputs.Select(input => new TxInput(new OutPoint(Id(input.Parent), input.Index), null))],
            Outputs = [new TxOutput(0, Watched, 1000), new TxOutput(1, Watched, 500)],
        };
        return new Appraisal(
            Profile.Id, transaction, [new Movement(Watched, "watched", 1500, 0, null, "watched")],
            [new Coin(new OutPoint(Id(id), 0), Watched, 1000), new Coin(new OutPoint(Id(id), 1), Watched, 500)], [], null, null, DateTimeOffset.UnixEpoch);
    }

    static TxHash Id(byte id)
    {
        var bytes = new byte[32];
        bytes[0] = id;
        return new TxHash(new Hash256(bytes));
    }
}
