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
    readonly AddressSeats seats;
    readonly DeliveryHub hub;
    readonly TimeProvider time;
    readonly ITimer sweeper;
    readonly TaskCompletionSource emptied = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ConnectionRegistry(DeliveryHub hub, BelfryOptions options, TimeProvider time)
    {
        (seats, this.hub, this.time) = (new AddressSeats(options.Limits.ConnectionsPerAddress, options.Limits.LimitLoopback), hub, time);
        sweeper = time.CreateTimer(_ => Sweep(), null, SweepInterval, SweepInterval);
    }

    public int Count => connections.Count;

    public bool IsClosing { get; private set; }

    /// <summary>Completes when a shutdown has seen the last connection go.</summary>
    public Task Emptied => emptied.Task;

    /// <summary>Takes a place for a network address; false when it has all of its places.</summary>
    public bool TryEnter(IPAddress? address) => seats.TryEnter(address);

    public void Leave(IPAddress? address) => seats.Leave(address);

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

    void Sweep()
    {
        var now = time.GetTimestamp();
        foreach (var (connection, _) in connections) connection.Sweep(now);
    }
}
