namespace Belfry.Redis.Listeners;

/// <summary>How servers keep their shares of the active addresses in Redis.</summary>
public sealed record RedisActiveAddressesOptions
{
    /// <summary>This server's name among those on the same Redis; unique.</summary>
    public required string Server { get; init; }

    /// <summary>How long a server's share outlives its last word: a server that dies leaves no trace after this long.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Addresses in one message to Redis.</summary>
    public int BatchSize { get; init; } = 500;
}
