using System.Diagnostics.Metrics;
using Belfry.Core.Delivery;

namespace Belfry.Server.Telemetry;

/// <summary>Why a client was not let in: values of the label <c>reason</c>.</summary>
static class RefusedClients
{
    public const string TcpConnections = "tcp_connections";
    public const string EventConnections = "event_connections";
    public const string FileHandles = "file_handles";
    public const string Shutdown = "shutdown";
}

/// <summary>Clients that met a limit: not let in, or cut. Each by its reason.</summary>
sealed class ClientMetrics : IDisposable
{
    /// <summary>Kestrel's own words for ends that a client brought about by being slow or too big; others (it hung up, it was idle) are no limit's doing.</summary>
    static readonly Dictionary<string, string> HttpEnds = new(StringComparer.Ordinal)
    {
        ["request_headers_timeout"] = "head_timeout",
        ["tls_handshake_failed"] = "tls_handshake",
        ["min_request_body_data_rate"] = "slow_body",
        ["request_body_timeout"] = "slow_body",
        ["min_response_data_rate"] = "slow_reader",
        ["max_request_headers_total_size_exceeded"] = "head_too_big",
        ["max_request_header_count_exceeded"] = "head_too_big",
        ["invalid_request_line"] = "bad_request",
        ["invalid_request_headers"] = "bad_request",
        ["max_request_body_size_exceeded"] = "body_too_big",
    };

    readonly Counter<long> refused;
    readonly Counter<long> cut;
    readonly UpDownCounter<long> open;
    readonly MeterListener listener = new();

    /// <summary>Creates the instruments and begins to hear of Kestrel's connections.</summary>
    /// <param name="meter">Belfry's.</param>
    /// <param name="factory">Tells this server's Kestrel from another one in the same process.</param>
    public ClientMetrics(Meter meter, IMeterFactory factory)
    {
        refused = meter.CreateCounter<long>("belfry.clients.refused", "{connection}", "Connections that were not let in, by reason.");
        cut = meter.CreateCounter<long>("belfry.clients.cut", "{connection}", "Connections that were ended because of a limit or a broken rule, by reason.");
        open = meter.CreateUpDownCounter<long>("belfry.tcp_connections", "{connection}", "Open TCP connections of clients.");
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name == "kestrel.connection.duration" && ReferenceEquals(instrument.Meter.Scope, factory)) self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((_, _, tags, _) => Ended(tags));
        listener.Start();
    }

    public void Refused(string reason) => refused.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Cut(string reason) => cut.Add(1, new KeyValuePair<string, object?>("reason", reason));

    /// <summary>A client's WebSocket broke a rule that has a close code.</summary>
    public void Cut(int code) => Cut(code switch
    {
        CloseCodes.ProtocolError => "protocol_error",
        CloseCodes.Unsupported => "unsupported",
        CloseCodes.InvalidText => "invalid_text",
        CloseCodes.PolicyViolation => "flood",
        CloseCodes.TooBig => "message_too_big",
        _ => "other",
    });

    public void TcpOpened() => open.Add(1);

    public void TcpClosed() => open.Add(-1);

    public void Dispose() => listener.Dispose();

    void Ended(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var (key, value) in tags)
        {
            if (key == "error.type" && value is string word && HttpEnds.TryGetValue(word, out var reason)) Cut(reason);
        }
    }
}
