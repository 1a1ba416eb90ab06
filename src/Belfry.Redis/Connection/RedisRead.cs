namespace Belfry.Redis.Connection;

/// <summary>Readings of the usual replies, to pass to <see cref="IRedisConnection"/>.</summary>
public static class RedisRead
{
    /// <summary>Only that it was no error: <c>+OK</c> and whatever else.</summary>
    public static readonly RedisReading<bool> Ok = static (ref RespReader reply) => !reply.TryReadNull();

    /// <summary>An integer.</summary>
    public static readonly RedisReading<long> Integer = static (ref RespReader reply) => reply.ReadInteger();

    /// <summary>An integer, or null for nothing.</summary>
    public static readonly RedisReading<long?> IntegerOrNull = static (ref RespReader reply) => reply.TryReadNull() ? null : reply.ReadInteger();

    /// <summary>A floating-point number, or null for nothing.</summary>
    public static readonly RedisReading<double?> DoubleOrNull = static (ref RespReader reply) => reply.TryReadNull() ? null : reply.ReadDouble();

    /// <summary>Bytes in an array of their own, or null for nothing.</summary>
    public static readonly RedisReading<byte[]?> Bytes = static (ref RespReader reply) => reply.TryReadNull() ? null : reply.ReadBytes().ToArray();

    /// <summary>Text, or null for nothing.</summary>
    public static readonly RedisReading<string?> Text = static (ref RespReader reply) => reply.ReadString();

    /// <summary>Texts; nothing among them is null.</summary>
    public static readonly RedisReading<string?[]> Texts = static (ref RespReader reply) =>
    {
        var texts = new string?[reply.ReadArrayHeader()];
        for (var i = 0; i < texts.Length; i++) texts[i] = reply.ReadString();
        return texts;
    };

    /// <summary>The whole reply as a tree.</summary>
    public static readonly RedisReading<RedisValue> Value = static (ref RespReader reply) => RedisValue.Read(ref reply);
}
