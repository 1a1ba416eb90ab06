using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin.Zmq;

namespace Belfry.Fuzz.Targets;

/// <summary>What a publisher sends: greeting, READY, frames, and the messages of a node in them.</summary>
sealed class ZmtpTarget : FuzzTarget
{
    static readonly byte[] Greeting = [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1, .. "NULL"u8, .. new byte[48]];
    static readonly byte[] Ready = [4, 25, 5, .. "READY"u8, 11, .. "Socket-Type"u8, 0, 0, 0, 3, .. "PUB"u8];
    static readonly ZmtpLimits Limits = new() { MaxFrameBytes = 1 << 20 };

    public override IReadOnlyList<byte[]> Seeds =>
    [
        [1, .. Greeting, .. Ready], [3, .. Message("rawtx", 10, 0)], [3, .. Message("hashblock", 32, 7)], [3, .. Command("PING", 0, 10, 1, 2), .. Message("sequence", 33, 1)],
        [3, .. Message("rawblock", 300, 2)], [3, 2, 0, 0, 0, 0, 0, 0, 1, 0, .. new byte[256]], [1, .. Greeting, .. Command("ERROR", 3, 1, 2, 3)],
    ];

    public override IReadOnlyList<byte[]> Dictionary { get; } =
        [.. Words("READY", "ERROR", "PING", "PONG", "SUBSCRIBE", "Socket-Type", "PUB", "XPUB", "SUB", "Identity", "NULL", "PLAIN", "rawtx", "hashblock", "sequence"), Greeting, Ready, [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f]];

    public override IReadOnlyList<string> Scope => ["Belfry.Nodes.Bitcoin.Zmq.Zmtp", "Belfry.Nodes.Bitcoin.Zmq.ZmqMessage"];

    public override bool Run(byte[] input)
    {
        if (input.Length == 0) return false;
        // Half of the inputs begin after a good handshake, which few would survive.
        byte[] bytes = (input[0] & 2) == 0 ? input[1..] : [.. Greeting, .. Ready, .. input.AsSpan(1)];
        var whole = Read(bytes, int.MaxValue);
        var inPieces = Read(bytes, 1 + (input[0] >> 2));
        Expect(whole.SequenceEqual(inPieces), "frames do not depend on how the bytes arrive");
        return whole.Count > 0 && whole[0].StartsWith("open", StringComparison.Ordinal);
    }

    static List<string> Read(byte[] bytes, int piece)
    {
        var heard = new List<string>();
        var allocation = Allocation.Start();
        try
        {
            AtOnce(ReadAllAsync(new PiecewiseStream(bytes, piece), heard).AsTask());
        }
        catch (MalformedDataException problem)
        {
            ExpectReadable(problem.Message);
            heard.Add(problem.Message);
        }
        catch (EndOfStreamException)
        {
            heard.Add("end");
        }

        // The connection's own buffer, once; what was heard is counted as well.
        allocation.Check(bytes.Length + (128 << 10));
        return heard;
    }

    static async ValueTask<bool> ReadAllAsync(PiecewiseStream stream, List<string> heard)
    {
        await using var connection = await ZmtpConnection.OpenAsync(stream, Limits, CancellationToken.None);
        heard.Add($"open {connection.PeerMinor}");
        await connection.SubscribeAsync("rawtx", CancellationToken.None);
        while (true)
        {
            var frame = await connection.ReadFrameAsync(CancellationToken.None);
            Expect(frame.Body.Length <= Limits.MaxFrameBytes && (!frame.IsCommand || frame.Body.Length <= Limits.MaxCommandBytes), "no frame is longer than its limit");
            heard.Add($"{frame.More} {frame.IsCommand} {frame.Body.Length}");
            if (frame.IsCommand) heard.Add(ZmtpConnection.ReadCommand(frame.Body).Name);
            else ReadMessage(frame.Body);
        }
    }

    static void ReadMessage(byte[] body)
    {
        var message = new ZmqMessage("sequence", body, 0);
        Decodes(() => message.ReadHash());
        Decodes(() => Expect(message.ReadSequence().Label is 'C' or 'D' or 'A' or 'R', "only four labels"));
        Decodes(() => ZmqMessage.ReadCounter(body));
    }

    static byte[] Message(string topic, int length, byte counter) => length < 256
        ? [1, (byte)topic.Length, .. Utf8(topic), 1, (byte)length, .. Sequence(length), 0, 4, counter, 0, 0, 0]
        : [1, (byte)topic.Length, .. Utf8(topic), 3, 0, 0, 0, 0, 0, 0, (byte)(length >> 8), (byte)length, .. new byte[length], 0, 4, counter, 0, 0, 0];

    static byte[] Sequence(int length) => length == 33 ? [.. new byte[32], (byte)'C'] : new byte[length];

    static byte[] Command(string name, params byte[] data) => [4, (byte)(1 + name.Length + data.Length), (byte)name.Length, .. Utf8(name), .. data];
}
