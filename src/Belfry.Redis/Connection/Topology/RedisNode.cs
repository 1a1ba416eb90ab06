using Belfry.Core.Runtime;
using Belfry.Redis.Connection.Lines;

namespace Belfry.Redis.Connection.Topology;

/// <summary>One server: its sockets for ordinary commands, and those for blocking reads.</summary>
sealed class RedisNode : IAsyncDisposable
{
    readonly RedisChannel[] channels;
    uint next;

    public RedisNode(LineOpener opener, ILocator locator, IChannelOwner owner)
    {
        Locator = locator;
        Blocking = new BlockingPool(opener, locator);
        channels = new RedisChannel[opener.Options.Connections];
        for (var i = 0; i < channels.Length; i++) channels[i] = new RedisChannel(opener, locator, owner);
    }

    public ILocator Locator { get; }

    public BlockingPool Blocking { get; }

    public IReadOnlyList<RedisChannel> Channels => channels;

    /// <summary>When somebody was sent here last.</summary>
    public long LastVisit { get; set; }

    public bool IsLive => channels.Any(channel => channel.Phase == RedisPhase.Live);

    public string Endpoint => channels[0].Endpoint;

    public void Submit(RedisOperation operation) =>
        (channels.Length == 1 ? channels[0] : channels[Interlocked.Increment(ref next) % (uint)channels.Length]).Submit(operation);

    public void Restart(string why)
    {
        foreach (var channel in channels) channel.Restart(why);
    }

    public async ValueTask DisposeAsync()
    {
        await Blocking.DisposeAsync();
        await Task.WhenAll(channels.Select(channel => channel.DisposeAsync().AsTask()));
    }
}

/// <summary>A server whose place is known.</summary>
sealed class FixedLocator(RedisEndpoint endpoint) : ILocator
{
    public ValueTask<RedisEndpoint> LocateAsync(CancellationToken cancellationToken) => ValueTask.FromResult(endpoint);

    public ValueTask CheckAsync(OpenLine line, CancellationToken cancellationToken) => ValueTask.CompletedTask;
}

/// <summary>Sockets for commands that wait in the server, one command each at a time; idle ones are kept.</summary>
sealed class BlockingPool(LineOpener opener, ILocator locator) : IAsyncDisposable
{
    readonly Lock gate = new();
    readonly Stack<OpenLine> idle = new();
    readonly HashSet<OpenLine> taken = [];
    int count;
    bool disposed;

    /// <summary>Takes a socket; null when all are in use, or the pool is closed.</summary>
    /// <param name="current">Where the server is now: idle sockets to where it was before a failover are of no use.</param>
    /// <param name="cancellationToken">Ends the dialling.</param>
    public async ValueTask<OpenLine?> RentAsync(string current, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            while (idle.TryPop(out var kept))
            {
                if (!kept.Running.IsCompleted && (current.Length == 0 || kept.Line.Endpoint.ToString() == current))
                {
                    taken.Add(kept);
                    return kept;
                }

                // Broken, or left behind, while idle: nobody waits for an answer on it.
                _ = Background.Start(() => kept.DisposeAsync().AsTask(), CancellationToken.None);
                count--;
            }

            if (disposed || count >= opener.Options.BlockingConnections) return null;
            count++;
        }

        OpenLine? open = null;
        try
        {
            open = await opener.OpenAsync(await locator.LocateAsync(cancellationToken), Identity.Server(opener.Options), "blocking", cancellationToken);
            await locator.CheckAsync(open, cancellationToken);
            lock (gate)
            {
                if (!disposed) taken.Add(open);
                else open.Break();
            }

            return open;
        }
        catch
        {
            lock (gate) count--;
            if (open is not null) await open.DisposeAsync();
            throw;
        }
    }

    /// <summary>Gives a socket back whose command was answered.</summary>
    public async ValueTask ReturnAsync(OpenLine line)
    {
        lock (gate)
        {
            taken.Remove(line);
            if (!disposed && !line.Running.IsCompleted)
            {
                idle.Push(line);
                return;
            }

            count--;
        }

        await line.DisposeAsync();
    }

    /// <summary>Closes a socket whose command was not answered: its answer may still come, and would be taken for another's.</summary>
    public async ValueTask DropAsync(OpenLine line)
    {
        lock (gate)
        {
            taken.Remove(line);
            count--;
        }

        await line.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        OpenLine[] kept;
        lock (gate)
        {
            disposed = true;
            kept = [.. idle];
            idle.Clear();
            // Who uses them sees them break, and closes them.
            foreach (var line in taken) line.Break();
        }

        foreach (var line in kept) await line.DisposeAsync();
    }
}
