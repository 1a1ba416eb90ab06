using Belfry.Core.Chains;

namespace Belfry.Redis;

/// <summary>Every key and channel that Belfry has in Redis. In a cluster the part in braces decides the slot: all keys of one chain lie together.</summary>
/// <param name="isCluster">Whether names get braces; on one server they are those that other programs know.</param>
public sealed class RedisKeys(bool isCluster)
{
    /// <summary>HASH address → connections that listen to it, over all servers.</summary>
    public string ConnectionCounts(ChainId chain) => $"{Of(chain)}:address_consumer_connections_ctr";

    /// <summary>SET of addresses that somebody listens to.</summary>
    public string ActiveAddresses(ChainId chain) => $"{Of(chain)}:active_listening_addresses";

    /// <summary>ZSET server → end of its lease, milliseconds of Redis' clock.</summary>
    public string ListeningServers(ChainId chain) => $"{Of(chain)}:listening_servers";

    /// <summary>HASH address → connections of one server that listen to it; the server's share of the counts.</summary>
    public string ShareOf(ChainId chain, string server) => ShareStem(chain) + server;

    /// <summary>What the names of all shares begin with.</summary>
    public string ShareStem(ChainId chain) => $"{Of(chain)}:listening_server:";

    /// <summary>Channel of changes of shares.</summary>
    public string ShareChanges(ChainId chain) => $"{Of(chain)}:listening_changes";

    string Of(ChainId chain) => isCluster ? $"{{{chain.Value}}}" : chain.Value;
}
