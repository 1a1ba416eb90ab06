using System.Collections.Concurrent;
using Belfry.Core.Runtime;
using Belfry.Redis.Connection.Lines;

namespace Belfry.Redis.Connection.Topology;

/// <summary>The nodes of a cluster and the slots that each serves. The map is read at start, now and then, and whenever an answer or a broken line says that it is old.</summary>
sealed class ClusterTopology : ITopology
{
    // The specification's own limit.
    const int MostNodes = 1000;

    static readonly TimeSpan ShortestInterval = TimeSpan.FromMilliseconds(50), UnhealthyInterval = TimeSpan.FromMilliseconds(250), KeptUnused = TimeSpan.FromSeconds(30);

    readonly LineOpener opener;
    readonly ITopologyOwner owner;
    readonly ConcurrentDictionary<RedisEndpoint, RedisNode> nodes = new();
    readonly RedisNode?[] slots = new RedisNode?[HashSlot.Count];
    readonly CancellationTokenSource stopping = new();
    readonly Lock gate = new();
    readonly List<Task> closing = [];
    readonly Task running;
    TaskCompletionSource asked = NewSignal();
    IReadOnlyList<RedisEndpoint> known;
    volatile RedisNode[] primaries = [];
    volatile string? problem = "the map of the cluster is not known yet";
    uint next;
    int served;
    bool disposed;

    public ClusterTopology(LineOpener opener, ITopologyOwner owner)
    {
        (this.opener, this.owner, known) = (opener, owner, opener.Options.Endpoints);
        running = Background.Start(RunAsync, CancellationToken.None);
    }

    public bool HasSlots => true;

    public IReadOnlyList<RedisNode> Primaries => primaries;

    public string? Problem => problem;

    TimeProvider Clock => opener.Runtime.Clock;

    public RedisNode? Find(int slot)
    {
        if (slot >= 0) return Volatile.Read(ref slots[slot]);
        var all = primaries;
        if (all.Length == 0) return null;
        var start = Interlocked.Increment(ref next);
        for (var i = 0u; i < all.Length; i++)
        {
            var node = all[(start + i) % (uint)all.Length];
            if (node.IsLive) return node;
        }

        return all[start % (uint)all.Length];
    }

    public RedisNode Visit(RedisEndpoint endpoint)
    {
        if (!nodes.TryGetValue(endpoint, out var node))
        {
            lock (gate)
            {
                // Under the gate, so that a node is not made twice. Nor after the end, nor beyond what a cluster can have: whoever sends us to ever new places is sent to one that refuses.
                var isRefused = disposed || nodes.Count >= MostNodes;
                node = nodes.TryGetValue(endpoint, out node) ? node : isRefused && !nodes.IsEmpty ? nodes.Values.First() : nodes[endpoint] = Make(endpoint);
            }
        }

        node.LastVisit = Clock.GetTimestamp();
        return node;
    }

    public void Learn(int slot, RedisEndpoint? endpoint, string hint)
    {
        if (endpoint is not null) Volatile.Write(ref slots[slot], Visit(endpoint));
        // A slot that moves key by key says TRYAGAIN for minutes; the map does not change by that.
        if (hint != "TRYAGAIN") Refresh();
    }

    /// <summary>Asks for the map to be read soon.</summary>
    public void Refresh()
    {
        lock (gate) asked.TrySetResult();
    }

    public async ValueTask DisposeAsync()
    {
        Background.Cancel(stopping);
        await Background.WhenEndedAsync(running);
        RedisNode[] all;
        lock (gate)
        {
            disposed = true;
            all = [.. nodes.Values];
        }

        await Task.WhenAll(all.Select(node => node.DisposeAsync().AsTask()).Concat(closing));
        stopping.Dispose();
    }

    static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    RedisNode Make(RedisEndpoint endpoint) => new(opener, new FixedLocator(endpoint), owner);

    async Task RunAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            lock (gate) asked = NewSignal();
            await ReadMapAsync();
            var isHealthy = problem is null && primaries.All(node => node.IsLive);
            await Background.WhenEndedAsync(Task.Delay(ShortestInterval, Clock, stopping.Token));
            using var enough = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
            await Task.WhenAny(asked.Task, Task.Delay(isHealthy ? opener.Options.MapInterval : UnhealthyInterval, Clock, enough.Token));
            Background.Cancel(enough);
        }
    }

    async Task ReadMapAsync()
    {
        var why = "";
        foreach (var endpoint in Candidates())
        {
            try
            {
                var map = await AskAsync(endpoint);
                if (map is null)
                {
                    why = $"{endpoint} knows no slots";
                    continue;
                }

                Apply(map, endpoint);
                return;
            }
#pragma warning disable CA1031 // whatever this node did, the next one is asked; told below when none answers
            catch (Exception fault)
#pragma warning restore CA1031
            {
                if (stopping.IsCancellationRequested) return;
                why = $"{endpoint}: {fault.Describe()}";
            }
        }

        if (problem != why) opener.Runtime.Logger.MapUnknown(why);
        // Without any node the old map is still the best guess; commands find out by themselves.
        if (served == 0) problem = why;
        owner.RoutesChanged();
    }

    // Nodes with a live line first, then all that were ever named, then those of the settings.
    List<RedisEndpoint> Candidates()
    {
        var live = nodes.Where(entry => entry.Value.IsLive).Select(entry => entry.Key).ToList();
        return [.. live.Concat(known).Concat(opener.Options.Endpoints).Distinct()];
    }

    async ValueTask<ClusterMap?> AskAsync(RedisEndpoint endpoint)
    {
        await using var open = await opener.OpenAsync(endpoint, Identity.Server(opener.Options), "map", stopping.Token);
        var answer = await open.AskAsync(new RedisCommand("CLUSTER", "SLOTS"), opener.Options.ConnectTimeout, Clock, stopping.Token);
        return answer.Kind == RespKind.Error
            ? throw new RedisErrorException(Handshake.Code(answer), Redirect.Text(answer.Bytes.Span), "CLUSTER", endpoint.ToString(), $"{opener.Options.Setting}:Endpoints")
            : ClusterMap.Read(answer, endpoint);
    }

    void Apply(ClusterMap map, RedisEndpoint from)
    {
        var before = primaries;
        var now = map.Primaries.Select(Visit).ToArray();
        for (var slot = 0; slot < HashSlot.Count; slot++) Volatile.Write(ref slots[slot], map[slot] is { } endpoint ? nodes.GetValueOrDefault(endpoint) : null);
        known = [.. map.Nodes];
        primaries = now;
        problem = map.Served == HashSlot.Count ? null : $"{HashSlot.Count - map.Served} of {HashSlot.Count} slots are served by nobody";
        if (map.Served != served || !before.ToHashSet().SetEquals(now)) opener.Runtime.Logger.MapChanged(now.Length, map.Served, from.ToString());
        served = map.Served;
        Retire(map);
        owner.RoutesChanged();
    }

    // Who waits at a node that is no primary any more goes to the one that took over. The node itself stays while it is visited: a slot that moves key by key sends us to one that serves none yet.
    void Retire(ClusterMap map)
    {
        foreach (var (endpoint, node) in nodes.Where(entry => !map.Primaries.Contains(entry.Key)).ToList())
        {
            foreach (var channel in node.Channels) owner.Resubmit(channel.TakeBacklog());
            if (Clock.GetElapsedTime(node.LastVisit) < KeptUnused) continue;
            nodes.TryRemove(endpoint, out _);
            closing.RemoveAll(closed => closed.IsCompleted);
            closing.Add(Background.Start(() => node.DisposeAsync().AsTask(), CancellationToken.None));
        }
    }
}
