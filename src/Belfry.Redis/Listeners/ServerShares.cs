using System.Collections.Concurrent;

namespace Belfry.Redis.Listeners;

/// <summary>What other servers listen to on one chain, as far as heard: server, address, connections. Looking up takes no lock.</summary>
sealed class ServerShares
{
    readonly ConcurrentDictionary<string, ConcurrentDictionary<string, long>> servers = new(StringComparer.Ordinal);

    public bool Contains(string address)
    {
        foreach (var (_, share) in servers)
        {
            if (share.ContainsKey(address)) return true;
        }

        return false;
    }

    public long CountOf(string address)
    {
        var sum = 0L;
        foreach (var (_, share) in servers) sum += share.GetValueOrDefault(address);
        return sum;
    }

    /// <summary>A server says how many connections it has on an address.</summary>
    public void Put(string server, string address, long count)
    {
        var share = servers.GetOrAdd(server, static _ => new ConcurrentDictionary<string, long>(StringComparer.Ordinal));
        if (count > 0) share[address] = count;
        else share.TryRemove(address, out _);
    }

    /// <summary>A server is gone with all it had.</summary>
    public void Drop(string server) => servers.TryRemove(server, out _);

    /// <summary>Only these are there.</summary>
    public void Keep(IReadOnlySet<string> living)
    {
        foreach (var (server, _) in servers)
        {
            if (!living.Contains(server)) servers.TryRemove(server, out _);
        }
    }

    /// <summary>Replaces a server's share by what was read.</summary>
    public void Replace(string server, IReadOnlyDictionary<string, long> read) => servers[server] = new ConcurrentDictionary<string, long>(read, StringComparer.Ordinal);

    public IEnumerable<KeyValuePair<string, long>> ReadAll()
    {
        foreach (var (_, share) in servers)
        {
            foreach (var entry in share) yield return entry;
        }
    }
}
