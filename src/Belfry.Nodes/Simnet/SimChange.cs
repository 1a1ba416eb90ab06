namespace Belfry.Nodes.Simnet;

/// <summary>Why a transaction left the mempool other than by a block.</summary>
public enum SimDeparture
{
    /// <summary>One that pays a higher fee spends the same coin.</summary>
    Replaced,

    /// <summary>A block holds one that spends the same coin.</summary>
    Conflicted,

    /// <summary>Thrown out because it paid too little.</summary>
    Evicted,

    /// <summary>Waited too long.</summary>
    Expired,

    /// <summary>What it spends does not exist any more, or may not be spent yet.</summary>
    ParentGone,
}

/// <summary>Something that happened on the simulated chain.</summary>
public abstract record SimChange
{
    SimChange() { }

    /// <summary>A transaction joined the mempool.</summary>
    public sealed record Entered(SimTransaction Transaction, ulong Sequence) : SimChange;

    /// <summary>A transaction left the mempool, and not for a block.</summary>
    public sealed record Left(SimTransaction Transaction, SimDeparture Why, ulong Sequence) : SimChange;

    /// <summary>A block joined the best chain.</summary>
    public sealed record Connected(SimBlock Block) : SimChange;

    /// <summary>A block left the best chain.</summary>
    public sealed record Disconnected(SimBlock Block) : SimChange;
}
