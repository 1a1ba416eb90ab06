namespace Belfry.Core.Hosting;

/// <summary>The shared store: section <c>Store</c>; used only where PostgreSQL is configured.</summary>
public sealed record StoreOptions
{
    /// <summary>How many questions PostgreSQL may be asked at once; three more connections write and listen.</summary>
    public int Connections { get; init; } = 8;

    /// <summary>How long PostgreSQL may take for one statement.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a question is asked again when the connection breaks, before somebody hears of it.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How often the journal is looked at although PostgreSQL did not say that it has grown.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the server that leads a chain keeps the lead without a word: after this long another one takes over from a dead one.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(5);
}
