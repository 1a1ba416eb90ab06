using System.Collections.Concurrent;
using System.Net;
using Belfry.Core.Delivery;
using Belfry.Core.Hosting;

namespace Belfry.Server.Sockets;

/// <summary>All event connections: limits per network address, keep-alive on one timer for all, and the end of everything at shutdown.</summary>
sealed class ConnectionRegistry : IAsyncDisposable
{
    static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);
    readonly ConcurrentDictionary<ClientConnection, byte> connections = new();
    readonly Dictionary<IPAddress, int> perAddress = [];
    readonly Lock gate = new();
    readonly LimitOptions limits;
    readonly DeliveryHub hub;
    readonly TimeProvider time;
    readonly ITimer sweeper;
    readonly TaskCompletionSource emptied = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ConnectionRegistry(DeliveryHub hub, BelfryOptions options, TimeProvider time)
    {
        (limits, this.hub, this.time) = (options.Limits, hub, time);
        sweeper = time.CreateTimer(_ => Sweep(), null, SweepInterval, SweepInterval);
    }

    public int Count => connections.Count;

    public bool IsClosing { get; private set; }

    /// <summary>Completes when a shutdown has seen the last connection go.</summary>
    public Task Emptied => emptied.Task;

    /// <summary>Takes a place for a network address; false when it has all of its places.</summary>
    public bool TryEnter(IPAddress? address)
    {
        if (IsExempt(address)) return true;
        lock (gate)
        {
            var count = perAddress.GetValueOrDefault(address!);
            if (count >= limits.ConnectionsPerAddress) return false;
            perAddress[address!] = count + 1;
            return true;
        }
    }

    public void Leave(IPAddress? address)
    {
        if (IsExempt(address)) return;
        lock (gate)
        {
            if (perAddress[address!] == 1) perAddress.Remove(address!);
            else perAddress[address!]--;
        }
    }

    public void Add(ClientConnection connection)
    {
        connections[connection] = 0;
        if (IsClosing) connection.Reader.Close(CloseCodes.Shutdown, "shutdown");
    }

    public void Remove(ClientConnection connection)
    {
        connections.TryRemove(connection, out _);
        if (IsClosing && connections.IsEmpty) emptied.TrySetResult();
    }

    /// <summary>Closes everybody with 3001 and the cursor, after what is due.</summary>
    public void CloseAll()
    {
        IsClosing = true;
        hub.CloseAll(CloseCodes.Shutdown, "shutdown");
        if (connections.IsEmpty) emptied.TrySetResult();
    }

    public ValueTask DisposeAsync() => sweeper.DisposeAsync();

    bool IsExempt(IPAddress? address) => address is null || (IPAddress.IsLoopback(address) && !limits.LimitLoopback);

    void Sweep()
    {
        var now = time.GetTimestamp();
        foreach (var (connection, _) in connections) connection.Sweep(now);
    }
}
