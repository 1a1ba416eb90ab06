using System.Globalization;
using Belfry.Core.Runtime;

namespace Belfry.Redis.Connection;

/// <summary>Reads the URLs that <see cref="RedisOptions"/> describes. Written by hand because the framework's Uri knows one host, and quotes what it refuses, passwords too.</summary>
public static class RedisUrl
{
    static readonly string[] Schemes = ["redis", "rediss", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"];

    /// <summary>Applies a URL to <paramref name="options"/>.</summary>
    /// <param name="url">For instance <c>redis://user:password@host:6379/0</c>. A bare <c>host:port</c> is one server.</param>
    /// <param name="options">What the URL does not tell stays.</param>
    /// <param name="faults">Where each fault is added; never with a password.</param>
    public static RedisOptions Parse(string url, RedisOptions options, ICollection<string> faults)
    {
        void Fault(string problem) => faults.Add($"{options.Setting} {problem}.");

        var colon = url.IndexOf("://", StringComparison.Ordinal);
        var scheme = colon < 0 ? "redis" : url[..colon].ToLowerInvariant();
        if (!Schemes.Contains(scheme))
        {
            Fault($"begins with '{ForeignText.Clean(scheme)}://': expected {string.Join(", ", Schemes.Select(known => known + "://"))}");
            return options;
        }

        var rest = colon < 0 ? url : url[(colon + 3)..];
        var query = rest.IndexOfAny(['?', '#']);
        if (query >= 0) Fault("has a query or fragment: further settings are settings of their own, for instance Belfry:Redis:CommandTimeout");
        if (query >= 0) rest = rest[..query];
        var at = rest.LastIndexOf('@');
        if (at >= 0) options = ReadCredentials(rest[..at], options, Fault);
        rest = rest[(at + 1)..];
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var (hosts, path) = slash < 0 ? (rest, "") : (rest[..slash], rest[(slash + 1)..].TrimEnd('/'));
        var topology = scheme.EndsWith("sentinel", StringComparison.Ordinal) ? RedisTopologyKind.Sentinel
            : scheme.EndsWith("cluster", StringComparison.Ordinal) ? RedisTopologyKind.Cluster
            : RedisTopologyKind.Single;
        options = options with
        {
            Topology = topology,
            Tls = scheme.StartsWith("rediss", StringComparison.Ordinal) ? options.Tls ?? new RedisTlsOptions() : null,
            Endpoints = ReadHosts(hosts, topology == RedisTopologyKind.Sentinel ? 26379 : RedisEndpoint.DefaultPort, Fault),
        };
        return ReadPath(path, options, Fault);
    }

    static RedisOptions ReadCredentials(string text, RedisOptions options, Action<string> fault)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var (user, password) = colon < 0 ? (text, null) : (text[..colon], text[(colon + 1)..]);
        if (colon < 0) fault("has a user and no password: expected redis://user:password@host, or redis://:password@host");
        return options with { User = user.Length == 0 ? options.User : Uri.UnescapeDataString(user), Password = password is null ? options.Password : Uri.UnescapeDataString(password) };
    }

    static List<RedisEndpoint> ReadHosts(string hosts, int port, Action<string> fault)
    {
        var endpoints = new List<RedisEndpoint>();
        foreach (var host in hosts.Split(',', StringSplitOptions.TrimEntries))
        {
            if (RedisEndpoint.TryParse(host, port, out var endpoint)) endpoints.Add(endpoint);
            else if (host.Length == 0) fault("lacks a host: expected host or host:port, for instance 127.0.0.1:6379");
            // A part of a password that was not written as %40 or %2F may stand here: it is not shown.
            else fault("has a host that cannot be read: expected host, host:port or [IPv6]:port, and letters such as @ : / in a password as %40 %3A %2F");
        }

        return endpoints;
    }

    static RedisOptions ReadPath(string path, RedisOptions options, Action<string> fault)
    {
        var database = path;
        if (options.Topology == RedisTopologyKind.Sentinel)
        {
            var parts = path.Split('/', 2);
            options = options with { PrimaryName = parts[0].Length > 0 ? Uri.UnescapeDataString(parts[0]) : options.PrimaryName };
            database = parts.Length > 1 ? parts[1] : "";
        }

        if (database.Length == 0) return options;
        if (int.TryParse(database, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return options with { Database = number };
        fault($"names the database '{ForeignText.Clean(database)}': expected a number");
        return options;
    }
}
