using System.Buffers;
using Belfry.Redis.Connection.Protocol;

namespace Belfry.Redis.Connection.Lines;

/// <summary>What was received and not yet used: whole replies first, then the beginning of one.</summary>
sealed class ReplyBuffer(RespLimits limits)
{
    const int Usual = 64 << 10, Largest = 1 << 20;

    RespScanner scanner = new(limits);
    byte[] bytes = ArrayPool<byte>.Shared.Rent(Usual);
    int start, end;

    /// <summary>Where the next bytes go. Never empty.</summary>
    public Memory<byte> Free
    {
        get
        {
            MakeRoom();
            return bytes.AsMemory(end);
        }
    }

    /// <summary>Places of the whole replies found by <see cref="Received"/>; their bytes live until the next <see cref="Free"/>.</summary>
    public List<(int Start, int Length)> Replies { get; } = [];

    public ReadOnlySpan<byte> this[(int Start, int Length) reply] => bytes.AsSpan(reply.Start, reply.Length);

    /// <summary>Takes in what was received and finds the replies in it.</summary>
    public void Received(int count)
    {
        end += count;
        Replies.Clear();
        while (start < end && scanner.TryFindEnd(bytes.AsSpan(start, end - start), out var length))
        {
            Replies.Add((start, length));
            start += length;
        }
    }

    public void Dispose()
    {
        if (bytes.Length > 0) ArrayPool<byte>.Shared.Return(bytes);
        bytes = [];
    }

    void MakeRoom()
    {
        if (start == end)
        {
            (start, end) = (0, 0);
            if (bytes.Length > Largest) Move(ArrayPool<byte>.Shared.Rent(Usual));
            return;
        }

        // Half full with one reply's beginning: twice the size, so that a reply of any length is copied a constant number of times. Memory follows what came, not what was announced.
        if (end - start > bytes.Length / 2) Move(ArrayPool<byte>.Shared.Rent(bytes.Length * 2));
        else if (bytes.Length - end < bytes.Length / 4) Move(bytes);
    }

    void Move(byte[] target)
    {
        bytes.AsSpan(start, end - start).CopyTo(target);
        if (target != bytes) ArrayPool<byte>.Shared.Return(bytes);
        (bytes, start, end) = (target, 0, end - start);
    }
}
