using Belfry.Server.Sockets;
using Belfry.TestKit;

namespace Belfry.Fuzz.Targets;

/// <summary>WebSocket frames of a client: the same messages however the bytes arrive, never more than a message may have.</summary>
sealed class FrameTarget : FuzzTarget
{
    const int Longest = 1 << 10;

    public override IReadOnlyList<byte[]> Seeds =>
    [
        [0, .. Frame(0x81, "{}"u8)], [1, .. Frame(0x01, "{\"a"u8), .. Frame(0x89, "x"u8), .. Frame(0x80, "\":1}"u8)], [2, .. Frame(0x88, [3, 0xe8, .. "bye"u8])], [3, .. Frame(0x8a, new byte[8])],
        [0, .. Frame(0x81, new byte[200])], [0, .. Frame(0x82, [1])], [0, 0x81, 0xff, 0, 0, 0, 0, 0, 0, 1, 0, 1, 2, 3, 4, .. new byte[256]],
    ];

    public override IReadOnlyList<byte[]> Dictionary { get; } = [[0x81, 0x80], [0x01, 0x80], [0x80, 0x80], [0x89, 0x80], [0x88, 0x82], [0xfe], [0xff], [0x81, 0xfe, 0, 126], [3, 0xe8], [0xed, 0xa0, 0x80]];

    public override IReadOnlyList<string> Scope => ["Belfry.Server.Sockets.FrameReader"];

    public override bool Run(byte[] input)
    {
        if (input.Length == 0) return false;
        var bytes = input[1..];
        var whole = Read(bytes, int.MaxValue);
        Expect(whole.SequenceEqual(Read(bytes, 1 + input[0] % 16)), "messages do not depend on how the bytes arrive");
        return whole.Any(message => message.StartsWith("Text", StringComparison.Ordinal));
    }

    static List<string> Read(byte[] bytes, int piece)
    {
        var heard = new List<string>();
        using var frames = new FrameReader(new PiecewiseStream([.. bytes], piece), Longest, new ManualClock());
        while (true)
        {
            var message = AtOnce(frames.ReadAsync(CancellationToken.None).AsTask());
            Expect(message.Payload.Length <= Longest, "no message is longer than the limit");
            heard.Add($"{message.Kind} {message.Code} {message.Reason} {Convert.ToHexString(message.Payload.Span)}");
            if (message.Kind == SocketMessageKind.Fault) ExpectReadable(message.Reason);
            if (message.Kind is SocketMessageKind.End or SocketMessageKind.Fault or SocketMessageKind.Close) return heard;
        }
    }

    static byte[] Frame(byte first, ReadOnlySpan<byte> payload) => payload.Length < 126
        ? [first, (byte)(0x80 | payload.Length), 0, 0, 0, 0, .. payload]
        : [first, 0xfe, (byte)(payload.Length >> 8), (byte)payload.Length, 0, 0, 0, 0, .. payload];
}
