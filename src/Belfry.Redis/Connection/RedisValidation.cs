using System.Globalization;
using Belfry.Core.Runtime;

namespace Belfry.Redis.Connection;

static class RedisValidation
{
    // The system's timers count milliseconds in 31 bits.
    static readonly TimeSpan LongestTime = TimeSpan.FromDays(24);

    public static IReadOnlyList<string> Faults(RedisOptions options)
    {
        var faults = new List<string>();
        void Fault(string setting, string problem) => faults.Add($"{options.Setting}:{setting} {problem}.");

        if (options.Endpoints.Count == 0) Fault("Endpoints", "names no server: expected host:port, for instance 127.0.0.1:6379");
        if (options.Topology == RedisTopologyKind.Single && options.Endpoints.Count > 1) Fault("Endpoints", "names several servers for one: use redis+sentinel:// or redis+cluster://");
        if (options.Topology == RedisTopologyKind.Sentinel && string.IsNullOrWhiteSpace(options.PrimaryName)) Fault("PrimaryName", "is empty: expected the name that the sentinels monitor, for instance redis+sentinel://host:26379/mymaster");
        if (options.Topology == RedisTopologyKind.Cluster && options.Database != 0) Fault("Database", $"is {options.Database}: a cluster has only database 0");
        if (options.Database < 0) Fault("Database", $"is {options.Database}: expected 0 or more");
        if (options.User is not null && options.Password is null) Fault("Password", $"is missing for user '{ForeignText.Clean(options.User)}'");
        if (options.SentinelUser is not null && options.SentinelPassword is null) Fault("SentinelPassword", $"is missing for user '{ForeignText.Clean(options.SentinelUser)}'");
        if (options.ClientName.Length == 0 || options.ClientName.Any(letter => letter is <= ' ' or > '~')) Fault("ClientName", "must be printable letters without spaces");
        CheckNumbers(options, Fault);
        CheckTimes(options, Fault);
        CheckFiles(options.Tls, Fault);
        return faults;
    }

    static void CheckNumbers(RedisOptions options, Action<string, string> fault)
    {
        void Between(string setting, int value, int least, int most)
        {
            if (value < least || value > most) fault(setting, string.Create(CultureInfo.InvariantCulture, $"is {value}: expected a number from {least} to {most}"));
        }

        Between(nameof(options.Connections), options.Connections, 1, 256);
        Between(nameof(options.BlockingConnections), options.BlockingConnections, 1, 1024);
        Between(nameof(options.MaxInFlight), options.MaxInFlight, 1, 10_000_000);
        Between(nameof(options.MaxReplyBytes), options.MaxReplyBytes, 1 << 10, 512 << 20);
        Between(nameof(options.MaxWaitingMessages), options.MaxWaitingMessages, 1, 10_000_000);
    }

    static void CheckTimes(RedisOptions options, Action<string, string> fault)
    {
        (string, TimeSpan)[] times =
        [
            (nameof(options.CommandTimeout), options.CommandTimeout), (nameof(options.ConnectTimeout), options.ConnectTimeout), (nameof(options.Patience), options.Patience),
            (nameof(options.KeepAliveInterval), options.KeepAliveInterval), (nameof(options.MinBackoff), options.MinBackoff), (nameof(options.MaxBackoff), options.MaxBackoff),
            (nameof(options.MapInterval), options.MapInterval),
        ];
        foreach (var (setting, time) in times)
        {
            if (time <= TimeSpan.Zero || time > LongestTime) fault(setting, $"is {time}: expected a time above 0 and at most {LongestTime.Days} days, such as 00:00:02");
        }

        if (options.MaxBackoff < options.MinBackoff) fault(nameof(options.MaxBackoff), $"is {options.MaxBackoff}, shorter than MinBackoff");
    }

    static void CheckFiles(RedisTlsOptions? tls, Action<string, string> fault)
    {
        if (tls is null) return;
        foreach (var (setting, file) in new[] { ("CaFile", tls.CaFile), ("CertificateFile", tls.CertificateFile), ("KeyFile", tls.KeyFile) })
        {
            if (file is not null && !File.Exists(file)) fault($"Tls:{setting}", $"is '{ForeignText.Clean(file, ForeignText.Sentence)}', which is not there");
        }

        if (tls.KeyFile is not null && tls.CertificateFile is null) fault("Tls:CertificateFile", "is missing: a key alone is no certificate");
    }
}
