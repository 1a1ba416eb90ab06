using Belfry.Core.Runtime;
using Belfry.TestKit;
using Shouldly;

namespace Belfry.Core.Tests.Runtime;

public sealed class FloodGaugeTests
{
    [Fact]
    public void Is_high_while_messages_come_faster_than_two_thousand_a_second_and_not_before_or_after()
    {
        var clock = new ManualClock();
        var gauge = new FloodGauge(clock);
        Pass(1000).ShouldBeFalse();
        Pass(5000).ShouldBeTrue();
        clock.Advance(TimeSpan.FromMilliseconds(1));
        gauge.IsHigh.ShouldBeTrue("a window is not judged before it is over");
        Pass(1900).ShouldBeFalse();

        bool Pass(int perSecond)
        {
            for (var i = 0; i < perSecond / 1000 * 40; i++) gauge.Count();
            clock.Advance(TimeSpan.FromMilliseconds(40));
            return gauge.IsHigh;
        }
    }

    [Fact]
    public void One_burst_after_a_silence_is_no_flood()
    {
        var clock = new ManualClock();
        var gauge = new FloodGauge(clock);
        clock.Advance(TimeSpan.FromSeconds(10));
        for (var i = 0; i < 1000; i++) gauge.Count();
        gauge.IsHigh.ShouldBeFalse();
    }
}
