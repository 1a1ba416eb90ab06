using Belfry.Contracts;
using Belfry.Core.Leadership;
using Belfry.Core.Ledger;
using Belfry.TestKit;

namespace Belfry.Core.Tests;

public sealed class InProcessLeaseTests : ChainLeaseContract
{
    protected override ValueTask<ILeasesUnderTest> CreateAsync() => new(new UnderTest());

    sealed class UnderTest : ILeasesUnderTest
    {
        readonly ManualClock clock = new();
        readonly MemoryStore store = new();
        readonly MemoryStore neighbour = new();

        public UnderTest()
        {
            First = new LeaseHandle(new InProcessLease(store.Ledger, clock), store.Ledger, store.Journal);
            Neighbour = new LeaseHandle(new InProcessLease(neighbour.Ledger, clock), neighbour.Ledger, neighbour.Journal);
        }

        public LeaseHandle First { get; }

        public LeaseHandle Second => First;

        public LeaseHandle Neighbour { get; }

        public ValueTask PassAsync(TimeSpan time)
        {
            clock.Advance(time);
            return default;
        }

        public async ValueTask DisposeAsync()
        {
            await store.DisposeAsync();
            await neighbour.DisposeAsync();
        }
    }
}
