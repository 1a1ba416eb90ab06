using System.Text;

namespace Belfry.Redis.Connection;

/// <summary>How the servers belong together.</summary>
public enum RedisTopologyKind
{
    /// <summary>One server.</summary>
    Single,

    /// <summary>Sentinels know which server is the primary.</summary>
    Sentinel,

    /// <summary>A Redis Cluster: 16,384 slots over several primaries.</summary>
    Cluster,
}

/// <summary>
/// How to reach Redis. As a URL:
/// <code>
/// redis://[user[:password]@]host[:6379][/database]          one server
/// rediss://…                                                the same over TLS
/// redis+sentinel://[…@]host[:26379],host…/primary[/database]   sentinels; user and password are those of the primary
/// redis+cluster://[…@]host[:6379],host…                     some nodes of a cluster; the others are learnt
/// </code>
/// (<c>rediss+sentinel</c> and <c>rediss+cluster</c> over TLS; <c>redis://:password@host</c> for a password alone; letters such as @ or / in names and passwords as %40, %2F).
/// </summary>
public sealed record RedisOptions
{
    /// <summary>The setting that messages name.</summary>
    public string Setting { get; init; } = "Belfry:Redis";

    /// <summary>How the servers belong together.</summary>
    public RedisTopologyKind Topology { get; init; }

    /// <summary>The server; some nodes of the cluster; or the sentinels.</summary>
    public IReadOnlyList<RedisEndpoint> Endpoints { get; init; } = [new("127.0.0.1", RedisEndpoint.DefaultPort)];

    /// <summary>The name under which sentinels know the primary.</summary>
    public string? PrimaryName { get; init; }

    /// <summary>ACL user; null for the default user.</summary>
    public string? User { get; init; }

    /// <summary>Password of <see cref="User"/>; null when none is asked for.</summary>
    public string? Password { get; init; }

    /// <summary>ACL user of the sentinels themselves.</summary>
    public string? SentinelUser { get; init; }

    /// <summary>Password of the sentinels themselves; null when they ask for none. Never <see cref="Password"/> by itself: that one is not theirs to hear.</summary>
    public string? SentinelPassword { get; init; }

    /// <summary>Database number; a cluster has only 0.</summary>
    public int Database { get; init; }

    /// <summary>TLS; null for plain TCP.</summary>
    public RedisTlsOptions? Tls { get; init; }

    /// <summary>The name that CLIENT LIST shows: letters without spaces.</summary>
    public string ClientName { get; init; } = "belfry";

    /// <summary>Speak RESP2 even where the server knows RESP3.</summary>
    public bool ForceResp2 { get; init; }

    /// <summary>Sockets for ordinary commands, to each server. Each carries any number of commands at once, so that one is right unless big replies hold small ones up. Commands that one caller sends without awaiting each may overtake each other when there are several.</summary>
    public int Connections { get; init; } = 1;

    /// <summary>Sockets for blocking reads, to each server: one read each at a time.</summary>
    public int BlockingConnections { get; init; } = 16;

    /// <summary>From sending a command to its answer, attempts after "not now" included. A line that stays silent for as long, though it owes an answer, is broken off.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>For TCP, TLS and the handshake together.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long commands wait for a line that is away or owes an answer in silence; from then on they are refused at once, as not sent, until it answers again.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMilliseconds(400);

    /// <summary>An idle line is asked for a sign of life after this long.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>First pause before a new attempt; doubles, with jitter, up to <see cref="MaxBackoff"/>.</summary>
    public TimeSpan MinBackoff { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>The longest pause before a new attempt.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Commands without an answer, for each socket: on the line, or waiting for it. More are refused at once, as not sent; so is what comes while 64 MB wait to be sent.</summary>
    public int MaxInFlight { get; init; } = 100_000;

    /// <summary>Bytes of one reply. A longer one breaks the line off.</summary>
    public int MaxReplyBytes { get; init; } = 64 << 20;

    /// <summary>Messages that wait for the reader of one subscription. More are dropped, counted, and told as a gap.</summary>
    public int MaxWaitingMessages { get; init; } = 16_384;

    /// <summary>How often the map of a cluster is read although nothing points to a change.</summary>
    public TimeSpan MapInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Every fault, each naming its setting; never a password.</summary>
    public IReadOnlyList<string> Validate() => RedisValidation.Faults(this);

    // A record prints its members by itself; these hold passwords.
    bool PrintMembers(StringBuilder text)
    {
        text.Append(Topology).Append(' ').AppendJoin(',', Endpoints);
        if (PrimaryName is not null) text.Append('/').Append(PrimaryName);
        text.Append(Tls is null ? "" : " over TLS").Append(User is null ? "" : $" as {User}");
        return true;
    }
}

/// <summary>TLS to Redis. Without a <see cref="CaFile"/> the system's authorities are trusted.</summary>
public sealed record RedisTlsOptions
{
    /// <summary>PEM file of the only authorities to trust.</summary>
    public string? CaFile { get; init; }

    /// <summary>PEM file of our own certificate, for servers that ask for one.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM file of its private key, not encrypted; null when it stands in <see cref="CertificateFile"/> too.</summary>
    public string? KeyFile { get; init; }

    /// <summary>The name that the server's certificate must have; null for the host that is dialled.</summary>
    public string? ServerName { get; init; }

    /// <summary>Whether the name is checked. Without it anybody with a certificate of a trusted authority can pass for the server; sensible only with a <see cref="CaFile"/> of one's own.</summary>
    public bool CheckName { get; init; } = true;
}
