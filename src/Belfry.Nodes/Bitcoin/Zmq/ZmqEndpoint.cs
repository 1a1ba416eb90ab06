using System.Globalization;
using Belfry.Core.Runtime;

namespace Belfry.Nodes.Bitcoin.Zmq;

/// <summary>Where a node publishes.</summary>
public readonly record struct ZmqEndpoint(string Host, int Port)
{
    /// <summary>Reads <c>tcp://host:port</c>; several, separated by commas.</summary>
    /// <exception cref="EndpointException">One of them cannot be used.</exception>
    public static IReadOnlyList<ZmqEndpoint> ParseAll(string? text, string setting) =>
        [.. (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(part => Parse(part, setting)).Distinct()];

    /// <summary>Reads <c>tcp://host:port</c>.</summary>
    /// <exception cref="EndpointException">It cannot be used.</exception>
    public static ZmqEndpoint Parse(string text, string setting) =>
        TryParse(text, out var endpoint) ? endpoint : throw new EndpointException("ZeroMQ", setting, $"'{ForeignText.CleanEndpoint(text)}' cannot be used; expected for instance tcp://127.0.0.1:28332");

    /// <summary>Reads <c>tcp://host:port</c> or <c>host:port</c>.</summary>
    public static bool TryParse(string text, out ZmqEndpoint endpoint)
    {
        endpoint = default;
        var rest = text.StartsWith("tcp://", StringComparison.OrdinalIgnoreCase) ? text[6..] : text;
        var colon = rest.LastIndexOf(':');
        if (colon <= 0 || rest.Contains('/') || !int.TryParse(rest.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is < 1 or > 65535) return false;
        endpoint = new ZmqEndpoint(rest[..colon].Trim('[', ']'), port);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"tcp://{(Host.Contains(':') ? $"[{Host}]" : Host)}:{Port}");
}
