using System.Net.Sockets;
using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin.Rpc;

namespace Belfry.Nodes.Bitcoin.Sources;

/// <summary>
/// Which node answers: whether it is on the configured network, what it calls itself, and whether it was started anew since it was last asked.
/// </summary>
sealed class NodeIdentity(BitcoinRpc rpc, BitcoinSourceOptions options, TimeProvider clock)
{
    // Uptime is in whole seconds on the node's side and read over a network on ours.
    static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(3);

    readonly Lock gate = new();
    (TimeSpan Uptime, long ReadAt)? lastUptime;
    volatile bool known;
    volatile bool refused;

    /// <summary>What the node calls itself; empty before the first answer.</summary>
    public string Name { get; private set; } = "";

    /// <summary>Checks the network once; again after <see cref="Forget"/>.</summary>
    /// <exception cref="EndpointException">The node cannot be asked, or is on another network.</exception>
    public async ValueTask EnsureAsync(CancellationToken cancellationToken)
    {
        if (known) return;
        var first = await rpc.ReadHashAsync(0, cancellationToken);
        if (first != options.Genesis)
        {
            throw Problem(first is null ? "has no block at height 0"
                : $"is on another network: its chain starts with {first}, {Network} starts with {options.Genesis}", new WrongNetworkException());
        }

        foreach (var fork in options.ForkBlocks)
        {
            // A node that has not come so far yet is asked again after the next outage; until it has, nobody can tell the networks apart by their blocks.
            if (await rpc.ReadHashAsync(fork.Height, cancellationToken) is { } block && block != fork.Hash)
                throw Problem($"is on another network: its block {fork.Height} is {block}, that of {Network} is {fork.Hash}", new WrongNetworkException());
        }

        Name = Printable(await rpc.ReadSubversionAsync(cancellationToken));
        known = true;
    }

    string Network => $"{options.Profile.Id} {options.Profile.Network}";

    /// <summary>After an outage another node may answer at the same address.</summary>
    public void Forget() => known = false;

    /// <summary>Notes how the node failed: one that refuses connections is not running.</summary>
    public void NoteOutage(Exception problem)
    {
        for (var inner = problem; inner is not null; inner = inner.InnerException)
        {
            if (inner is SocketException { SocketErrorCode: SocketError.ConnectionRefused }) refused = true;
        }
    }

    /// <summary>Whether the node was started anew since the last call; by its uptime, or where it tells none by having refused connections meanwhile.</summary>
    public async ValueTask<bool> CheckRestartAsync(CancellationToken cancellationToken)
    {
        var uptime = await rpc.ReadUptimeAsync(cancellationToken);
        var wasRefused = refused;
        refused = false;
        return uptime is { } seconds ? TakeUptime(seconds) : wasRefused;
    }

    /// <summary>Takes a fresh uptime; true when it is less than it would be without a restart.</summary>
    bool TakeUptime(long seconds)
    {
        lock (gate)
        {
            var before = lastUptime;
            var now = TimeSpan.FromSeconds(Math.Min(seconds, int.MaxValue));
            lastUptime = (now, clock.GetTimestamp());
            return before is { } last && now + Tolerance < last.Uptime + clock.GetElapsedTime(last.ReadAt);
        }
    }

    EndpointException Problem(string problem, Exception? inner = null) => new(rpc.Connection.Endpoint.Name, rpc.Connection.Endpoint.Setting, problem, inner);

    static string Printable(string text) => string.Concat(text.Take(100).Select(letter => char.IsControl(letter) ? '?' : letter));
}

/// <summary>Marks the outage of a node that must not be followed at all.</summary>
#pragma warning disable CA1064 // only ever an inner exception
sealed class WrongNetworkException() : Exception("The node is on another network.");
#pragma warning restore CA1064
