using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Sources;
using Shouldly;

namespace Belfry.Nodes.Tests.Sources;

public sealed class SignalQueueTests
{
    static readonly FeedSignal.Opened Opened = new(FeedKind.Zmq, "node");

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_does_not_fit_is_dropped_told_as_overflow_and_told_open_after_half_was_read()
    {
        var queue = new SignalQueue(maxSignals: 10);
        queue.Write(Opened);
        for (var i = 0; i < 30; i++) queue.Write(new FeedSignal.TipChanged(null));
        var heard = await ReadAsync(queue, 13);
        heard.Select(Kind).ShouldBe(["opened", .. Enumerable.Repeat("tip", 10), LostReason.Overflow, "opened"]);
        queue.Write(new FeedSignal.TipChanged(null));
        (await ReadAsync(queue, 1)).Select(Kind).ShouldBe(["tip"]);
    }

    [Fact]
    public async Task Bytes_count_as_well_as_signals()
    {
        var queue = new SignalQueue(maxSignals: 1000, maxBytes: 3000);
        queue.Write(Opened);
        for (var i = 0; i < 5; i++) queue.Write(new FeedSignal.TransactionArrived(new byte[1000]));
        (await ReadAsync(queue, 4)).Select(Kind).ShouldBe(["opened", "tx", "tx", LostReason.Overflow]);
    }

    [Fact]
    public async Task Losses_and_openings_are_never_dropped()
    {
        var queue = new SignalQueue(maxSignals: 1);
        for (var i = 0; i < 5; i++)
        {
            queue.Write(new FeedSignal.Lost("x", ""));
            queue.Write(Opened);
        }

        (await ReadAsync(queue, 10)).Count.ShouldBe(10);
    }

    [Fact]
    public async Task A_problem_reaches_the_reader_after_what_was_written_before_it()
    {
        var queue = new SignalQueue();
        queue.Write(Opened);
        queue.Complete(new InvalidOperationException("broken"));
        (await ReadAsync(queue, 1)).Count.ShouldBe(1);
        (await Should.ThrowAsync<InvalidOperationException>(() => ReadAsync(queue, 1))).Message.ShouldBe("broken");
    }

    [Fact]
    public void Recent_blocks_are_found_by_their_own_hash_and_bounded()
    {
        var blocks = new RecentBlocks(_ => true, maxBlocks: 3, maxBytes: 1000);
        var hashes = Enumerable.Range(0, 5).Select(i => blocks.Add(Enumerable.Repeat((byte)i, 100).ToArray())!.Value).ToArray();
        hashes.Select(hash => blocks.Get(hash) is not null).ShouldBe([false, false, true, true, true]);
        blocks.Add(new byte[79]).ShouldBeNull();
        blocks.Add(new byte[900]).ShouldNotBeNull();
        blocks.Get(hashes[2]).ShouldBeNull();
    }

    static async Task<IReadOnlyList<FeedSignal>> ReadAsync(SignalQueue queue, int count)
    {
        var heard = new List<FeedSignal>();
        await foreach (var signal in queue.ReadAllAsync(Token))
        {
            heard.Add(signal);
            if (heard.Count == count) break;
        }

        return heard;
    }

    static string Kind(FeedSignal signal) => signal switch
    {
        FeedSignal.Lost lost => lost.Reason,
        FeedSignal.Opened => "opened",
        FeedSignal.TransactionArrived => "tx",
        _ => "tip",
    };
}
