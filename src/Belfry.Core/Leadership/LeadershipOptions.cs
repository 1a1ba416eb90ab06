namespace Belfry.Core.Leadership;

/// <summary>How servers on one store share its chains out among themselves.</summary>
public sealed record LeadershipOptions
{
    /// <summary>This server's name among those of the store; unique, 1 to 200 characters.</summary>
    public required string Server { get; init; }

    /// <summary>How long a leader's lease lasts without renewal: after this long a dead leader's chain is free.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often a leader renews its lease.</summary>
    public TimeSpan Renewal => Lease / 3;

    /// <summary>How often a follower looks whether the chain is free.</summary>
    public TimeSpan Look => Lease / 5;
}
