using Belfry.Core.Runtime;

namespace Belfry.Nodes.Bitcoin.Peer;

/// <summary>The connection to a peer cannot be used any more.</summary>
/// <param name="reason">A stable word: see <see cref="PeerEnd"/>.</param>
/// <param name="problem">What was wrong and what was expected.</param>
/// <param name="options">Names the endpoint and the setting.</param>
/// <param name="inner">The cause.</param>
public sealed class PeerException(string reason, string problem, PeerOptions options, Exception? inner = null)
    : BelfryException($"{options.EndPoint}: {problem} (setting {options.Setting})", inner)
{
    /// <summary>A stable word: see <see cref="PeerEnd"/>.</summary>
    public string Reason { get; } = reason;
}

/// <summary>Why a peer connection ended; stable words for logs and status.</summary>
public static class PeerEnd
{
    /// <summary>No TCP connection: refused, timed out, unknown name.</summary>
    public const string ConnectFailed = "connect_failed";

    /// <summary>The peer did not complete the handshake in time or in form.</summary>
    public const string HandshakeFailed = "handshake_failed";

    /// <summary>The peer closed or reset the connection.</summary>
    public const string Closed = "connection_lost";

    /// <summary>Nothing came for too long.</summary>
    public const string Silence = "silence";

    /// <summary>A message did not come whole in time, or ours did not leave.</summary>
    public const string Slow = "slow_message";

    /// <summary>What came is no message of this network: another network's magic, a wrong checksum, a message too long, or a payload out of form.</summary>
    public const string Malformed = "malformed";
}
