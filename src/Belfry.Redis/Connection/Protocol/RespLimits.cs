namespace Belfry.Redis.Connection.Protocol;

/// <summary>What a reply may cost.</summary>
/// <param name="Bytes">Of one whole reply.</param>
/// <param name="Values">In one reply, nested ones counted.</param>
/// <param name="Depth">Of nesting.</param>
readonly record struct RespLimits(int Bytes, int Values, int Depth)
{
    public static RespLimits Default { get; } = new(64 << 20, 4_000_000, 32);
}
