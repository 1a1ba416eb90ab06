using System.Buffers;

namespace Belfry.Redis.Connection.Lines;

/// <summary>Bytes that wait for the next write; two of them take turns.</summary>
sealed class WriteBuffer
{
    const int Usual = 64 << 10, Largest = 1 << 20;

    byte[] bytes = ArrayPool<byte>.Shared.Rent(Usual);

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Written => bytes.AsMemory(0, Length);

    public void Append(ReadOnlySpan<byte> piece)
    {
        if (piece.Length > bytes.Length - Length) Grow(piece.Length);
        piece.CopyTo(bytes.AsSpan(Length));
        Length += piece.Length;
    }

    /// <summary>Empties it; after a flood it gives its memory back.</summary>
    public void Clear()
    {
        Length = 0;
        if (bytes.Length <= Largest) return;
        ArrayPool<byte>.Shared.Return(bytes);
        bytes = ArrayPool<byte>.Shared.Rent(Usual);
    }

    public void Dispose()
    {
        if (bytes.Length > 0) ArrayPool<byte>.Shared.Return(bytes);
        bytes = [];
    }

    void Grow(int more)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(checked(Length + more), bytes.Length * 2));
        bytes.AsSpan(0, Length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(bytes);
        bytes = larger;
    }
}
