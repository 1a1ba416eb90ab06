using System.Collections;
using System.Globalization;
using System.Net;
using System.Reflection;
using System.Text;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Microsoft.Extensions.Configuration;

namespace Belfry.Core.Hosting;

/// <summary>Settings that cannot be used; the message lists every fault.</summary>
public sealed class ConfigurationException(IReadOnlyList<string> faults)
    : BelfryException("The configuration cannot be used:" + string.Concat(faults.Select(fault => "\n  - " + fault)))
{
    /// <summary>Each fault, with the key that it concerns.</summary>
    public IReadOnlyList<string> Faults { get; } = faults;
}

/// <summary>Reads and checks <see cref="BelfryOptions"/>.</summary>
public static class BelfryConfiguration
{
    /// <summary>Name of the root section.</summary>
    public const string Section = "Belfry";

    const int ShortestKey = 16;

    // What the server reads of a request before it looks at it.
    const int LargestHead = 1 << 20;

    // The system's timers count milliseconds in 31 bits.
    static readonly TimeSpan LongestTime = TimeSpan.FromDays(24);

    /// <summary>Binds the section <c>Belfry</c>.</summary>
    /// <param name="configuration">The root.</param>
    /// <param name="warnings">One line for each key that is not known, with what was probably meant.</param>
    /// <exception cref="ConfigurationException">A value cannot be read or used.</exception>
    public static BelfryOptions Read(IConfiguration configuration, out IReadOnlyList<string> warnings)
    {
        var section = configuration.GetSection(Section);
        var (faults, unknown) = (new List<string>(), new List<string>());
        CheckKeys(section, typeof(BelfryOptions), unknown);
        warnings = unknown;
        var options = Bind(section, faults) with { Postgres = PostgresVariables.Find(configuration)?.Connection };
        faults.AddRange(Validate(options));
        return faults.Count == 0 ? options : throw new ConfigurationException(faults);
    }

    /// <summary>Every fault in <paramref name="options"/>, each naming its key.</summary>
    public static IReadOnlyList<string> Validate(BelfryOptions options)
    {
        var faults = new List<string>();
        CheckUrls(options, faults);
        if (string.IsNullOrWhiteSpace(options.Data)) faults.Add("Belfry:Data is empty: expected a folder, for instance ./belfry-data.");
        foreach (var id in options.Chains.Keys.Where(id => !ChainId.IsValid(id)))
            faults.Add($"Belfry:Chains:{Shown(id)} is not a chain id: expected 1 to 16 characters of a-z, 0-9 and '-', for instance btc.");
        if (options.ApiKey is { Length: < ShortestKey }) faults.Add($"Belfry:ApiKey is too short: expected at least {ShortestKey} characters.");
        for (var i = 0; i < options.ApiKeys.Count; i++)
        {
            if (options.ApiKeys[i].Length < ShortestKey) faults.Add($"Belfry:ApiKeys:{i} is too short: expected at least {ShortestKey} characters.");
        }

        faults.AddRange(options.AllowedOrigins.Where(origin => !IsOrigin(origin)).Select(origin =>
            $"Belfry:AllowedOrigins has '{Shown(origin)}': expected scheme, host and port without a path, for instance https://wallet.example."));
        if (options.Postgres is { } postgres && !PostgresVariables.IsConnection(postgres))
            faults.Add($"{PostgresVariables.Setting} is not a connection to PostgreSQL: expected postgres://user:password@host:5432/database or Host=…;Username=…;Password=…;Database=….");
        CheckNumbers("Store", options.Store, faults);
        CheckNumbers("Limits", options.Limits, faults);
        CheckNumbers("Delivery", options.Delivery, faults);
        foreach (var (id, chain) in options.Chains) CheckNumbers($"Chains:{id}", chain, faults);
        if (options.Limits.MinPaceGrace <= TimeSpan.FromSeconds(1)) faults.Add($"Belfry:Limits:MinPaceGrace is {options.Limits.MinPaceGrace}: expected more than one second, such as 00:00:05.");
        foreach (var (name, value) in new[] { (nameof(LimitOptions.RequestLineBytes), options.Limits.RequestLineBytes), (nameof(LimitOptions.HeaderBytes), options.Limits.HeaderBytes) })
        {
            if (value > LargestHead) faults.Add($"Belfry:Limits:{name} is {value}: expected at most {LargestHead}.");
        }

        return faults;
    }

    /// <summary>Whether every address that the server listens on is loopback.</summary>
    public static bool IsLoopbackOnly(string urls) => urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .All(url => Uri.TryCreate(url, UriKind.Absolute, out var uri) && IsLoopback(uri.Host));

    /// <summary>Whether a host name or address is this machine.</summary>
    public static bool IsLoopback(string host) =>
        string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    static void CheckUrls(BelfryOptions options, List<string> faults)
    {
        var urls = options.Urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (urls.Length == 0) faults.Add("Belfry:Urls is empty: expected for instance http://127.0.0.1:8081.");
        foreach (var url in urls)
        {
            // Kestrel's wildcards ("http://*:80", "http://+:80") are not URIs; they listen everywhere.
            var readable = url.Replace("//*", "//0.0.0.0", StringComparison.Ordinal).Replace("//+", "//0.0.0.0", StringComparison.Ordinal);
            if (!Uri.TryCreate(readable, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
                faults.Add($"Belfry:Urls has '{Shown(url)}': expected an address such as http://127.0.0.1:8081.");
            else if (uri.PathAndQuery != "/" || uri.UserInfo.Length > 0)
                faults.Add($"Belfry:Urls has '{Shown(url)}': expected scheme, host and port and nothing behind them, such as http://127.0.0.1:8081.");
            else if (uri.Scheme == "https" && options.TlsCertificate is null)
                faults.Add($"Belfry:Urls has '{Shown(url)}' and there is no certificate: set BELFRY__TlsCertificate (and BELFRY__TlsKey) to PEM files.");
            else if (!IsLoopback(uri.Host) && options.ApiKey is null && options.ApiKeys.Count == 0)
                faults.Add($"Belfry:Urls has '{Shown(url)}', which others can reach, and there is no API key: set BELFRY__ApiKey (at least {ShortestKey} random characters) or listen on 127.0.0.1.");
        }
    }

    // What somebody wrote, for a message: short, printable, and without the password that may stand in an address.
    static string Shown(string value)
    {
        var (scheme, at) = (value.IndexOf("://", StringComparison.Ordinal), value.LastIndexOf('@'));
        return ForeignText.Clean(scheme >= 0 && at > scheme ? value[..(scheme + 3)] + "…" + value[at..] : value);
    }

    static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && string.Equals(uri.GetLeftPart(UriPartial.Authority), text.TrimEnd('/'), StringComparison.OrdinalIgnoreCase);

    // No number here means anything below 1, and no time anything at 0 but those that say how long something is forgiven.
    static void CheckNumbers(string section, object options, List<string> faults)
    {
        foreach (var property in options.GetType().GetProperties())
        {
            var fault = property.GetValue(options) switch
            {
                int and < 1 or long and < 1 => "a number above 0",
                TimeSpan time when time < TimeSpan.Zero || time > LongestTime || (time == TimeSpan.Zero && !property.Name.EndsWith("Grace", StringComparison.Ordinal)) =>
                    $"a time above 0 and at most {LongestTime.Days} days, such as 00:00:30",
                _ => null,
            };
            if (fault is not null) faults.Add(string.Create(CultureInfo.InvariantCulture, $"Belfry:{ForeignText.Clean(section)}:{property.Name} is {property.GetValue(options)}: expected {fault}."));
        }
    }

    static BelfryOptions Bind(IConfigurationSection section, List<string> faults)
    {
        var defaults = new BelfryOptions();
        var chains = section.GetSection("Chains").GetChildren().ToDictionary(
            // Letters of other alphabets stay as they are: the sign of Kelvin in lower case would be a k.
            child => Ascii.IsValid(child.Key) ? child.Key.ToLowerInvariant() : child.Key, child => BindPart(child, new ChainOptions(), faults) with { Milestones = Milestones(child, faults) });
        return new BelfryOptions
        {
            Urls = section["Urls"] ?? defaults.Urls,
            TlsCertificate = string.IsNullOrEmpty(section["TlsCertificate"]) ? null : section["TlsCertificate"],
            TlsKey = string.IsNullOrEmpty(section["TlsKey"]) ? null : section["TlsKey"],
            Data = section["Data"] ?? defaults.Data,
            ApiKey = string.IsNullOrEmpty(section["ApiKey"]) ? null : section["ApiKey"],
            ApiKeys = List(section.GetSection("ApiKeys")),
            AllowedOrigins = List(section.GetSection("AllowedOrigins")),
            Chains = chains,
            Store = BindPart(section.GetSection("Store"), defaults.Store, faults),
            Limits = BindPart(section.GetSection("Limits"), defaults.Limits, faults),
            Delivery = BindPart(section.GetSection("Delivery"), defaults.Delivery, faults),
        };
    }

    // The framework's binder appends lists to their defaults and stops at the first fault; this one replaces and tells all.
    static T BindPart<T>(IConfigurationSection section, T part, List<string> faults)
        where T : class
    {
        foreach (var property in typeof(T).GetProperties().Where(property => property.CanWrite && section[property.Name] is not null))
        {
            var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            if (type != typeof(string) && typeof(IEnumerable).IsAssignableFrom(type)) continue;
            if (TryConvert(section[property.Name]!, type, out var value)) property.SetValue(part, value);
            else faults.Add($"{ForeignText.Clean(section.Path)}:{property.Name} is '{Shown(section[property.Name]!)}': expected {Describe(type)}.");
        }

        return part;
    }

    static bool TryConvert(string text, Type type, out object? value)
    {
        value = null;
        if (type == typeof(string)) value = text;
        else if (type == typeof(int) && int.TryParse(text, out var number)) value = number;
        else if (type == typeof(long) && long.TryParse(text, out var big)) value = big;
        else if (type == typeof(bool) && bool.TryParse(text, out var flag)) value = flag;
        else if (type == typeof(TimeSpan) && TimeSpan.TryParse(text, out var span)) value = span;
        return value is not null;
    }

    static string Describe(Type type) =>
        type == typeof(TimeSpan) ? "a time such as 00:00:30" : type == typeof(bool) ? "true or false" : type == typeof(string) ? "text" : "a whole number";

    static IReadOnlyList<int> Milestones(IConfigurationSection chain, List<string> faults)
    {
        var texts = List(chain.GetSection(nameof(ChainOptions.Milestones)));
        if (texts.Count == 0) return new ChainOptions().Milestones;
        var numbers = texts.Select(text => int.TryParse(text, out var number) ? number : 0).ToList();
        if (numbers.Exists(number => number < 1)) faults.Add($"{ForeignText.Clean(chain.Path)}:Milestones is '{Shown(string.Join(",", texts))}': expected confirmations such as 1,3,6.");
        return numbers;
    }

    static List<string> List(IConfigurationSection section) => section.Value is { } joined
        ? [.. joined.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)]
        : [.. section.GetChildren().Select(child => child.Value ?? "").Where(value => value.Length > 0)];

    static void CheckKeys(IConfigurationSection section, Type type, List<string> unknown)
    {
        var known = type.GetProperties(BindingFlags.Public | BindingFlags.Instance).ToDictionary(property => property.Name, StringComparer.OrdinalIgnoreCase);
        foreach (var child in section.GetChildren())
        {
            if (!known.TryGetValue(child.Key, out var property))
            {
                var meant = Spelling.Closest(child.Key, known.Keys);
                unknown.Add($"{ForeignText.Clean(child.Path)} is not a setting{(meant is null ? "" : $": did you mean {ForeignText.Clean(section.Path)}:{meant}?")}");
            }
            else if (property.PropertyType == typeof(IReadOnlyDictionary<string, ChainOptions>))
            {
                foreach (var chain in child.GetChildren()) CheckKeys(chain, typeof(ChainOptions), unknown);
            }
            else if (property.PropertyType.Namespace?.StartsWith("Belfry", StringComparison.Ordinal) == true)
            {
                CheckKeys(child, property.PropertyType, unknown);
            }
        }
    }
}
