using System.Globalization;

namespace Belfry.Redis.Connection;

/// <summary>Where a Redis server listens.</summary>
/// <param name="Host">A name or an address.</param>
/// <param name="Port">TCP port.</param>
public sealed record RedisEndpoint(string Host, int Port)
{
    /// <summary>Redis' own port.</summary>
    public const int DefaultPort = 6379;

    /// <summary>Host and port, an IPv6 address in brackets.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}");

    /// <summary>Reads <c>host</c>, <c>host:port</c>, <c>[address]</c> or <c>[address]:port</c>.</summary>
    public static bool TryParse(string text, int defaultPort, out RedisEndpoint endpoint)
    {
        endpoint = new RedisEndpoint("", 0);
        var port = defaultPort;
        var host = text;
        var colon = text.LastIndexOf(':');
        if (text.StartsWith('['))
        {
            var end = text.IndexOf(']', StringComparison.Ordinal);
            if (end < 0) return false;
            host = text[1..end];
            if (end + 1 < text.Length && (text[end + 1] != ':' || !TryPort(text[(end + 2)..], out port))) return false;
        }
        else if (colon >= 0)
        {
            if (text.IndexOf(':', StringComparison.Ordinal) != colon || !TryPort(text[(colon + 1)..], out port)) return false;
            host = text[..colon];
        }

        if (host.Length is 0 or > 253 || host.Any(letter => letter <= ' ' || letter is '/' or '@' or '?' or '#' or ',' || char.IsControl(letter))) return false;
        endpoint = new RedisEndpoint(host, port);
        return true;
    }

    static bool TryPort(string text, out int port) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and < 65536;
}
