using System.Text;
using Belfry.Core.Runtime;

namespace Belfry.Redis.Connection;

/// <summary>How a subscription is meant.</summary>
public enum RedisSubscriptionKind
{
    /// <summary>SUBSCRIBE: one channel; in a cluster every node hears of every message.</summary>
    Channel,

    /// <summary>PSUBSCRIBE: all channels that match a glob.</summary>
    Pattern,

    /// <summary>SSUBSCRIBE (Redis 7): one channel that lives on the node of its slot.</summary>
    Sharded,
}

/// <summary>What to subscribe to.</summary>
/// <param name="Kind">How.</param>
/// <param name="Name">The channel or the glob.</param>
public sealed record RedisSubscription(RedisSubscriptionKind Kind, string Name);

/// <summary>What a subscription tells.</summary>
public enum RedisMessageKind
{
    /// <summary>The server confirmed; messages from here on are heard.</summary>
    Subscribed,

    /// <summary>A published message.</summary>
    Message,

    /// <summary>Messages may be missing here. Those after it are heard again.</summary>
    Gap,
}

/// <summary>One element of a subscription.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Channel">Where it was published.</param>
/// <param name="Payload">What was published; owned by the receiver.</param>
public sealed record RedisMessage(RedisMessageKind Kind, string Channel, ReadOnlyMemory<byte> Payload)
{
    /// <summary>The payload as UTF-8.</summary>
    public string Text => Encoding.UTF8.GetString(Payload.Span);

    /// <inheritdoc/>
    public override string ToString() => $"{Kind} {ForeignText.Clean(Channel)}: {Payload.Length} bytes";
}
