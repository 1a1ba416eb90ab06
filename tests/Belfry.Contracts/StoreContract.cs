using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Core.Ledger;
using Belfry.Core.Watches;

namespace Belfry.Contracts;

/// <summary>One way into a store.</summary>
public sealed record StoreHandle(ILedger Ledger, ILedgerReader Reader, IJournal Journal, IWatchStore Watches, Func<IJournalListener, IDisposable> Attach);

/// <summary>A store that an adapter's tests have made for one fact.</summary>
public interface IStoreUnderTest : IAsyncDisposable
{
    /// <summary>The store.</summary>
    StoreHandle First { get; }

    /// <summary>Another way into the same store.</summary>
    StoreHandle Second { get; }

    /// <summary>Another store.</summary>
    StoreHandle Neighbour { get; }

    /// <summary>Stops the store in good order and opens it again.</summary>
    ValueTask RestartAsync();
}

/// <summary>Base of the suites that every adapter of ledger, journal and watches runs.</summary>
public abstract class StoreContract
{
    protected static readonly CancellationToken Never = CancellationToken.None;

    protected static readonly ChainId Btc = new("btc");

    protected static readonly ChainId Ltc = new("ltc");

    /// <summary>How many random histories are compared with the model; fewer where a new store takes long to make.</summary>
    protected virtual int HistoryCount => 30;

    /// <summary>A new, empty store.</summary>
    protected abstract ValueTask<IStoreUnderTest> CreateAsync();
}
