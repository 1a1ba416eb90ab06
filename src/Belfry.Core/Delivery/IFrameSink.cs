namespace Belfry.Core.Delivery;

/// <summary>Where a reader's bytes go: one socket. Called by one thread at a time.</summary>
public interface IFrameSink
{
    /// <summary>
    /// Takes bytes of whole frames without waiting. True: they are out (or in the kernel) and more may follow at once. False: the peer reads slowly; the sink keeps
    /// the bytes and calls <see cref="DeliveryReader.SinkReady"/> when they are out. Never throws: a dead socket takes everything.
    /// </summary>
    bool Send(ReadOnlyMemory<byte> frames);

    /// <summary>Since when the peer has taken nothing although bytes wait for it, as a timestamp of the hub's clock; null when nothing waits.</summary>
    long? StalledSince { get; }

    /// <summary>Writes a close frame as the last one and ends the connection; the peer gets a moment to answer.</summary>
    void Close(int code, string reason);

    /// <summary>Cuts the connection.</summary>
    void Abort();
}

/// <summary>Whose events a reader may see at all; null in a <see cref="Selection"/> means everything.</summary>
public interface IEventScope
{
    /// <summary>Whose scope it is; part of what makes two subscriptions equal.</summary>
    string Account { get; }

    /// <summary>Whether an event of this script may be told.</summary>
    bool Sees(Chains.ChainId chain, Chains.Script script);
}

/// <summary>WebSocket close codes; 3000–3499 ask to reconnect, 3500–3999 not to.</summary>
public static class CloseCodes
{
    public const int ProtocolError = 1002;
    public const int Unsupported = 1003;
    public const int InvalidText = 1007;
    public const int PolicyViolation = 1008;
    public const int TooBig = 1009;
    public const int Shutdown = 3001;
    public const int ServerError = 3004;
    public const int Slow = 3008;
    public const int NoPong = 3012;
    public const int InvalidToken = 3500;
    public const int BadRequest = 3501;
    public const int Stale = 3502;
}
