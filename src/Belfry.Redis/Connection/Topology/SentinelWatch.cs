using System.Text;
using Belfry.Redis.Connection.Lines;
using Belfry.Redis.Connection.Push;

namespace Belfry.Redis.Connection.Topology;

/// <summary>Listens to a sentinel for <c>+switch-master</c>, so that a failover is acted on before the old primary's line is missed.</summary>
sealed class SentinelWatch : IPushListener, IAsyncDisposable
{
    static readonly RedisSubscription Switch = new(RedisSubscriptionKind.Channel, "+switch-master");

    readonly RedisNode node;
    readonly ITopologyOwner owner;
    readonly string name;
    readonly PushSession session;
    int turn;

    public SentinelWatch(LineOpener opener, SentinelLocator locator, RedisNode node, ITopologyOwner owner)
    {
        (this.node, this.owner, name) = (node, owner, opener.Options.PrimaryName!);
        session = new PushSession(opener, Identity.Sentinel(opener.Options), "sentinel", _ => ValueTask.FromResult(Next(locator.Sentinels)), this);
        session.Add(Switch);
    }

    public ValueTask DisposeAsync() => session.DisposeAsync();

    void IPushListener.Confirmed(PushSession session, RedisSubscription subscription) => turn = 0;

    void IPushListener.Refused(PushSession session, RedisSubscription subscription, string code, string text) { }

    // Between two sentinels a switch may have been missed; the lines then break by themselves, or answer READONLY.
    void IPushListener.Dropped(PushSession session, RedisSubscription? subscription, string reason) { }

    void IPushListener.Heard(PushSession session, RedisSubscription subscription, string channel, ReadOnlySpan<byte> payload)
    {
        // "<name> <old host> <old port> <new host> <new port>"
        var words = Encoding.UTF8.GetString(payload).Split(' ');
        if (words.Length != 5 || words[0] != name || !int.TryParse(words[4], out var port)) return;
        var now = new RedisEndpoint(words[3], port).ToString();
        foreach (var other in node.Channels.Where(other => other.Endpoint != now)) other.Restart($"the sentinels made {now} the primary");
        owner.RoutesChanged();
    }

    RedisEndpoint Next(IReadOnlyList<RedisEndpoint> sentinels) => sentinels[turn++ % sentinels.Count];
}
