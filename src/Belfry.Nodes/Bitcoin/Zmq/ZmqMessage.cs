using System.Buffers.Binary;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;

namespace Belfry.Nodes.Bitcoin.Zmq;

/// <summary>A publication of a node: topic, body, and the number of this message under its topic (counts from 0 at the node's start, wraps at 2^32).</summary>
readonly record struct ZmqMessage(string Topic, byte[] Body, uint Counter)
{
    /// <summary>The counter frame: 32 bits, little endian.</summary>
    public static uint ReadCounter(ReadOnlySpan<byte> frame) => frame.Length == 4
        ? BinaryPrimitives.ReadUInt32LittleEndian(frame)
        : throw new MalformedDataException("ZeroMQ message", $"a counter of {frame.Length} bytes where 4 are due");

    /// <summary>
    /// The hash of <c>hashblock</c> and <c>hashtx</c>: in display order, although the nodes' documentation calls it little endian.
    /// </summary>
    public Hash256 ReadHash() => Body.Length == Hash256.Size
        ? new Hash256(Body)
        : throw new MalformedDataException("ZeroMQ message", $"a {Topic} body of {Body.Length} bytes where 32 are due");

    /// <summary>The body of <c>sequence</c>: hash, label, and for A and R the mempool sequence number (64 bits, little endian).</summary>
    public ZmqSequence ReadSequence()
    {
        if (Body.Length <= Hash256.Size) throw new MalformedDataException("ZeroMQ message", $"a sequence body of {Body.Length} bytes where 33 or 41 are due");
        var label = (char)Body[Hash256.Size];
        var numbered = label is 'A' or 'R';
        if (!numbered && label is not ('C' or 'D')) throw new MalformedDataException("ZeroMQ message", $"an unknown sequence label 0x{(int)label:x2}", Hash256.Size);
        if (Body.Length != Hash256.Size + 1 + (numbered ? 8 : 0)) throw new MalformedDataException("ZeroMQ message", $"a sequence body '{label}' of {Body.Length} bytes");
        return new ZmqSequence(new Hash256(Body.AsSpan(0, Hash256.Size)), label, numbered ? BinaryPrimitives.ReadUInt64LittleEndian(Body.AsSpan(Hash256.Size + 1)) : null);
    }
}

/// <summary>A change as the topic <c>sequence</c> tells it.</summary>
/// <param name="Hash">Of a block (C, D) or a transaction (A, R).</param>
/// <param name="Label"><c>C</c> block connected, <c>D</c> block disconnected, <c>A</c> transaction added, <c>R</c> removed for another reason than a block.</param>
/// <param name="MempoolSequence">For A and R. Has legal gaps after a block: only the message counter proves loss.</param>
readonly record struct ZmqSequence(Hash256 Hash, char Label, ulong? MempoolSequence);

/// <summary>What a message counter says.</summary>
enum CounterVerdict
{
    /// <summary>The next one, or the first one heard.</summary>
    InOrder,

    /// <summary>Messages are missing.</summary>
    Gap,

    /// <summary>It went back: the node was started anew.</summary>
    Restarted,
}

/// <summary>The last counter heard under one topic of one endpoint; outlives connections.</summary>
sealed class ZmqCounter
{
    uint? last;
    bool connected;

    /// <summary>A new connection: what was published meanwhile was missed, and that is known.</summary>
    public void Reconnect() => connected = false;

    /// <summary>Takes the next counter and says what it proves.</summary>
    /// <param name="counter">As received.</param>
    /// <param name="missing">How many messages were lost.</param>
    public CounterVerdict Take(uint counter, out uint missing)
    {
        missing = 0;
        var previous = last;
        var first = !connected;
        last = counter;
        connected = true;
        if (previous is not { } before) return CounterVerdict.InOrder;
        var ahead = unchecked(counter - before - 1);
        if (ahead == 0 || counter == before) return CounterVerdict.InOrder;
        // Half of the number range decides between far ahead and back; nobody loses two thousand million messages.
        if (ahead > int.MaxValue) return CounterVerdict.Restarted;
        if (first) return CounterVerdict.InOrder;
        missing = ahead;
        return CounterVerdict.Gap;
    }
}
