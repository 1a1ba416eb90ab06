using Belfry.Core.Chains;
using Belfry.Core.Tracking;
using Shouldly;

namespace Belfry.Core.Tests.Tracking;

public sealed class ArrivalQueueTests
{
    [Fact]
    public void What_touches_an_active_address_goes_ahead()
    {
        var queue = new ArrivalQueue();
        for (byte i = 1; i <= 5; i++) queue.Add(Spending(i, (byte)(100 + i)), isUrgent: i == 4);
        Order(queue, 10).ShouldBe([4, 1, 2, 3, 5]);
    }

    [Fact]
    public void A_waiting_parent_goes_before_its_urgent_child()
    {
        var queue = new ArrivalQueue();
        queue.Add(Spending(1, 100), false);
        queue.Add(Spending(2, 101), false);
        queue.Add(Spending(3, 2), false);
        queue.Add(Spending(4, 3), isUrgent: true);
        Order(queue, 10).ShouldBe([2, 3, 4, 1]);
    }

    [Fact]
    public void Rivals_keep_their_order()
    {
        var queue = new ArrivalQueue();
        queue.Add(Spending(1, 100), false);
        queue.Add(Spending(2, 101), false);
        queue.Add(Spending(3, 101), isUrgent: true);
        Order(queue, 10).ShouldBe([2, 3, 1]);
    }

    [Fact]
    public void A_transaction_waits_once_and_is_taken_once()
    {
        var queue = new ArrivalQueue();
        queue.Add(Spending(1, 100), false);
        queue.Add(Spending(1, 100), isUrgent: true);
        queue.Count.ShouldBe(1);
        Order(queue, 1).ShouldBe([1]);
        queue.Count.ShouldBe(0);
        Order(queue, 1).ShouldBeEmpty();
    }

    static byte[] Order(ArrivalQueue queue, int limit) => [.. queue.Take(limit).Select(static transaction => transaction.Id.Value.ToArray()[31])];

    static ChainTransaction Spending(byte id, byte parent) => new()
    {
        Id = Id(id),
        IsCoinbase = false,
        Position = -1,
        Inputs = [new TxInput(new OutPoint(Id(parent), 0), null)],
        Outputs = [],
    };

    static TxHash Id(byte number)
    {
        var bytes = new byte[32];
        bytes[31] = number;
        return new TxHash(new Hash256(bytes));
    }
}
