using System.Security.Cryptography;

namespace Belfry.Client;

/// <summary>How a client behaves when the network does not.</summary>
public sealed record BelfryClientOptions
{
    /// <summary>First wait before a new attempt; doubles up to <see cref="MaxBackoff"/>, each wait cut at random by up to half.</summary>
    public TimeSpan MinBackoff { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Longest wait between attempts.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Sends a ping after this much silence.</summary>
    public TimeSpan PingAfter { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Gives the connection up after this much silence.</summary>
    public TimeSpan SilenceLimit { get; init; } = TimeSpan.FromSeconds(35);

    /// <summary>Longest time for a connection to open, and for a request to be answered.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Largest message that is accepted, bytes.</summary>
    public int MaxMessageBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>The clock for waits.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>A number from 0 to 1 for the random part of waits.</summary>
    public Func<double> Jitter { get; init; } = static () => RandomNumberGenerator.GetInt32(1 << 20) / (double)(1 << 20);

    /// <summary>Hears of lost and regained connections, for a status line.</summary>
    public Action<ConnectionChange>? ConnectionChanged { get; init; }

    /// <summary>Hears when this client reads so slowly that the server serves it from the journal; nothing is lost by it.</summary>
    public Action<LagNotice>? Lagged { get; init; }
}

/// <summary>How far a client is behind.</summary>
/// <param name="After">The last event that was sent to it.</param>
/// <param name="Head">The journal's last event.</param>
public sealed record LagNotice(long After, long Head);

/// <summary>A connection came or went.</summary>
/// <param name="Connected">Whether events flow now.</param>
/// <param name="Reason">Why not, for people; null when connected.</param>
/// <param name="RetryIn">When the next attempt is made; null when connected.</param>
/// <param name="After">The last event that was handed out; the next connection goes on from there.</param>
public sealed record ConnectionChange(bool Connected, string? Reason, TimeSpan? RetryIn, long? After)
{
    /// <summary>The journal that events come from; null when not connected.</summary>
    public string? Epoch { get; init; }

    /// <summary>The server has another journal than the one listened to before (its store was replaced), and this one is read from its beginning.</summary>
    public bool StartedOver { get; init; }
}
