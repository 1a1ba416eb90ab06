using Belfry.Core.Delivery;

namespace Belfry.Core.Hosting;

/// <summary>All settings: section <c>Belfry</c> of appsettings.json, environment <c>BELFRY__…</c>, command-line flags; later ones win.</summary>
public sealed record BelfryOptions
{
    /// <summary>Where to listen, separated by ';'. Anything but loopback needs an API key.</summary>
    public string Urls { get; init; } = "http://127.0.0.1:8081";

    /// <summary>Certificate for <c>https</c> in <see cref="Urls"/>: a PEM file with its chain.</summary>
    public string? TlsCertificate { get; init; }

    /// <summary>PEM file of the certificate's private key, not encrypted; null when it stands in <see cref="TlsCertificate"/> too.</summary>
    public string? TlsKey { get; init; }

    /// <summary>Folder of the store.</summary>
    public string Data { get; init; } = "./belfry-data";

    /// <summary>
    /// PostgreSQL in place of the folder's SQLite, for several servers: <c>postgres://user:password@host:5432/database</c> or <c>Host=…;Username=…;Password=…;Database=…</c>. Also
    /// read from <c>DATABASE_URL</c>, or from <c>POSTGRES_HOST</c>, <c>POSTGRES_DB</c>, <c>DB_USER</c> and <c>DB_PASS</c>.
    /// </summary>
    public string? Postgres { get; init; }

    /// <summary>The shared store.</summary>
    public StoreOptions Store { get; init; } = new();

    /// <summary>Followed chains by id.</summary>
    public IReadOnlyDictionary<string, ChainOptions> Chains { get; init; } = new Dictionary<string, ChainOptions>();

    /// <summary>The key of the default account, at least 16 characters; null on loopback means that nobody is asked.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Keys of further accounts, one account each, separated by commas or one by one.</summary>
    public IReadOnlyList<string> ApiKeys { get; init; } = [];

    /// <summary>Origins of web pages that may connect, for instance <c>https://wallet.example</c>; the server's own and loopback pages always may.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>Limits on clients.</summary>
    public LimitOptions Limits { get; init; } = new();

    /// <summary>Delivery to clients.</summary>
    public DeliveryOptions Delivery { get; init; } = new();
}

/// <summary>Limits on clients: section <c>Limits</c>.</summary>
public sealed record LimitOptions
{
    /// <summary>Event connections from one network address; loopback (where reverse proxies live) is exempt unless <see cref="LimitLoopback"/>.</summary>
    public int ConnectionsPerAddress { get; init; } = 64;

    /// <summary>Whether <see cref="ConnectionsPerAddress"/> counts for loopback too.</summary>
    public bool LimitLoopback { get; init; }

    /// <summary>TCP connections from one network address, whatever they do; over IPv6 an address is its first 64 bits. Loopback is exempt as above.</summary>
    public int TcpConnectionsPerAddress { get; init; } = 256;

    /// <summary>Bytes of a request's first line.</summary>
    public int RequestLineBytes { get; init; } = 8 << 10;

    /// <summary>Bytes of all headers of a request.</summary>
    public int HeaderBytes { get; init; } = 32 << 10;

    /// <summary>Headers of a request.</summary>
    public int HeaderCount { get; init; } = 64;

    /// <summary>How long the head of a request, also of a WebSocket's opening, and a TLS handshake may take.</summary>
    public TimeSpan HeadTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Silence after which an HTTP connection without a request is closed.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(75);

    /// <summary>Slowest pace, in bytes a second, at which a body may come and an answer be taken; over HTTP only.</summary>
    public int MinBytesPerSecond { get; init; } = 240;

    /// <summary>How long a body or an answer may be slower than that.</summary>
    public TimeSpan MinPaceGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Bytes of one message from a client.</summary>
    public int MessageBytes { get; init; } = 64 << 10;

    /// <summary>How long a message may take from its first byte to its last.</summary>
    public TimeSpan MessageTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes of a request body, bulk import apart.</summary>
    public int BodyBytes { get; init; } = 256 << 10;

    /// <summary>Addresses in one connection's subscription.</summary>
    public int AddressesPerConnection { get; init; } = 1_000_000;

    /// <summary>Silence after which a connection is asked whether it lives.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long the answer may take.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a connection that must authenticate may wait with it.</summary>
    public TimeSpan AuthenticationTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a shutdown may take.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(8);
}
