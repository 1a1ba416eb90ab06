namespace Belfry.Core.Delivery;

/// <summary>Settings of delivery: section <c>Delivery</c>.</summary>
public sealed record DeliveryOptions
{
    /// <summary>Bytes of recent events kept in memory for all readers together; who is further behind is served from the journal.</summary>
    public long WindowBytes { get; init; } = 64 << 20;

    /// <summary>How far, in bytes of its own events, a live reader may fall behind before it is served by paging.</summary>
    public long LagBytes { get; init; } = 16 << 20;

    /// <summary>Events that may wait, as numbers, for a reader that listens to addresses before it is served by paging.</summary>
    public int PendingEntries { get; init; } = 8192;

    /// <summary>Journal entries read at once for a reader that is behind.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>A socket that takes nothing for this long is served by paging when it takes again.</summary>
    public TimeSpan StallToCatchUp { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A socket that takes nothing for this long is closed with 3008 and its cursor; it is cut when it takes nothing for as long again.</summary>
    public TimeSpan StallToClose { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a close may wait for a stalled socket before the connection is cut.</summary>
    public TimeSpan CloseGrace { get; init; } = TimeSpan.FromSeconds(5);
}
