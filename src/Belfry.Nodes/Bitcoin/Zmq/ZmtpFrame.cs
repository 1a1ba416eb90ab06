namespace Belfry.Nodes.Bitcoin.Zmq;

/// <summary>One frame of ZMTP 3 (RFC 23 and 37).</summary>
/// <param name="More">Another frame of the same message follows.</param>
/// <param name="IsCommand">A command of the protocol itself, not a part of a message.</param>
/// <param name="Body">Its bytes.</param>
readonly record struct ZmtpFrame(bool More, bool IsCommand, byte[] Body);

/// <summary>How much a publisher may send us, and how long it may be silent.</summary>
sealed record ZmtpLimits
{
    /// <summary>Longest frame: a 32 MB block with room.</summary>
    public int MaxFrameBytes { get; init; } = 64 << 20;

    /// <summary>Longest command; those we know are shorter than this by far.</summary>
    public int MaxCommandBytes { get; init; } = 4096;

    /// <summary>How long connecting and the handshake may take.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often a PING asks whether the publisher is alive.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long the publisher may send nothing at all, not even PONG.</summary>
    public TimeSpan HeartbeatTimeout { get; init; } = TimeSpan.FromSeconds(8);
}
