using System.Text;
using Belfry.Core.Runtime;
using Belfry.Redis.Connection.Protocol;

namespace Belfry.Redis.Connection;

/// <summary>A whole reply as a tree, for commands that are not worth a reading of their own. Owns its bytes.</summary>
public sealed record RedisValue(RespKind Kind, ReadOnlyMemory<byte> Bytes, IReadOnlyList<RedisValue> Items)
{
    const int Deepest = 64;

    /// <summary>The bytes as UTF-8 text.</summary>
    public string Text => Encoding.UTF8.GetString(Bytes.Span);

    /// <summary>Reads any reply. Numbers keep their spelling in <see cref="Bytes"/>; a map has its keys and values in turn in <see cref="Items"/>.</summary>
    public static RedisValue Read(ref RespReader reply) => Read(ref reply, 0);

    /// <inheritdoc/>
    public override string ToString() => Items.Count > 0 || Kind is RespKind.Array or RespKind.Map ? $"{Kind}[{string.Join(", ", Items)}]" : $"{Kind}({ForeignText.Clean(Text)})";

    static RedisValue Read(ref RespReader reply, int depth)
    {
        if (depth > Deepest) throw new MalformedDataException(RespFrame.What, $"nested more than {Deepest} deep");
        var kind = reply.Peek();
        switch (kind)
        {
            case RespKind.Null:
                reply.TryReadNull();
                return new RedisValue(kind, default, []);
            case RespKind.Error:
                return new RedisValue(kind, reply.ReadError().ToArray(), []);
            case RespKind.Array or RespKind.Push:
                return ReadItems(ref reply, kind, reply.ReadArrayHeader(), depth);
            case RespKind.Map:
                return ReadItems(ref reply, kind, reply.ReadMapHeader() * 2, depth);
            default:
                return new RedisValue(kind, reply.ReadBytes().ToArray(), []);
        }
    }

    static RedisValue ReadItems(ref RespReader reply, RespKind kind, int count, int depth)
    {
        var items = new RedisValue[count];
        for (var i = 0; i < count; i++) items[i] = Read(ref reply, depth + 1);
        return new RedisValue(kind, default, items);
    }
}
