using System.Buffers;

namespace Belfry.Nodes.Bitcoin.Rpc;

/// <summary>Bytes in a pooled array that grows up to a limit; given back when disposed.</summary>
sealed class RentedBytes(int capacity) : IDisposable
{
    byte[] array = ArrayPool<byte>.Shared.Rent(capacity);

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Span => array.AsSpan(0, Length);

    /// <summary>Appends the whole stream; false when it holds more than <paramref name="limit"/> bytes.</summary>
    public async ValueTask<bool> ReadAllAsync(Stream stream, int limit, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (Length == array.Length) Grow();
            var read = await stream.ReadAsync(array.AsMemory(Length), cancellationToken);
            if (read == 0) return true;
            Length += read;
            if (Length > limit) return false;
        }
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(array);
        array = [];
        Length = 0;
    }

    void Grow()
    {
        var larger = ArrayPool<byte>.Shared.Rent(array.Length * 2);
        Span.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(array);
        array = larger;
    }
}
