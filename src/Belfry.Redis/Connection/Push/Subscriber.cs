using System.Threading.Channels;

namespace Belfry.Redis.Connection.Push;

/// <summary>One reader of a subscription, and what waits for it.</summary>
sealed class Subscriber(int longest)
{
    readonly Channel<RedisMessage> messages = Channel.CreateBounded<RedisMessage>(new BoundedChannelOptions(longest) { SingleReader = true });
    readonly Lock gate = new();
    bool isTold, misses;

    public ChannelReader<RedisMessage> Messages => messages.Reader;

    /// <summary>The subscription holds: the first time good news, later the end of an outage.</summary>
    public void Confirmed(string name)
    {
        lock (gate)
        {
            if (isTold) misses = true;
            else if (messages.Writer.TryWrite(new RedisMessage(RedisMessageKind.Subscribed, name, default))) isTold = true;
            TellGap(name);
        }
    }

    /// <summary>A message; dropped, and told as a gap, when the reader is too slow.</summary>
    public void Heard(string channel, ReadOnlyMemory<byte> payload)
    {
        lock (gate)
        {
            if (!isTold) return;
            if (TellGap(channel) && messages.Writer.TryWrite(new RedisMessage(RedisMessageKind.Message, channel, payload))) return;
            misses = true;
            RedisMetrics.MessagesDropped.Add(1);
        }
    }

    /// <summary>Tells the gap, if there is one and room for it.</summary>
    public void TellMissed(string name)
    {
        lock (gate) TellGap(name);
    }

    /// <summary>Ends the reading.</summary>
    public void End(Exception? problem) => messages.Writer.TryComplete(problem);

    bool TellGap(string channel)
    {
        if (!misses) return true;
        if (!messages.Writer.TryWrite(new RedisMessage(RedisMessageKind.Gap, channel, default))) return false;
        misses = false;
        RedisMetrics.Gap();
        return true;
    }
}
